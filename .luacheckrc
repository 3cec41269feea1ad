std = "lua54"
max_line_length = 100
-- Policies may read nothing global but Lua's own names: the sandbox is strict.
files["lua/cli"] = { globals = {} }
exclude_files = { "build", "tests/gate/node_modules" }
