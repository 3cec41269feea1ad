-- expect: load_error
-- A file that returns no policy.
return 42
