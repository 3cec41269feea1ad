-- testing.suite -- the tests that the file being read has declared.

local core = require "perilune.core"

local suite = { file = nil, tests = {} }

--- Begin to read a file: what it declares is gathered from here on.
function suite.begin(file)
  suite.file, suite.tests = file, {}
end

--- Declare a test; two of one name in a file would be told apart by nobody.
function suite.add(test)
  for _, other in ipairs(suite.tests) do
    if other.name == test.name then
      core.raise(('test: "%s" was declared at %s'):format(test.name, other.where))
    end
  end
  test.file = suite.file
  suite.tests[#suite.tests + 1] = test
end

return suite
