-- testing.text -- the text of a policy, as those see it who look for mistakes in it.

local text = {}

local function blank(piece) return (piece:gsub("[^\n]", " ")) end

--- Without comments; lines stay lines.
function text.without_comments(whole)
  return (whole:gsub("%-%-%[%[.-%]%]", blank):gsub("%-%-[^\n]*", ""))
end

--- And without what is said in texts.
function text.bare(whole)
  whole = whole:gsub("%-%-%[%[.-%]%]", blank):gsub("%[%[.-%]%]", blank)
  return (whole:gsub("%-%-[^\n]*", ""):gsub('"[^"\n]*"', '""'):gsub("'[^'\n]*'", "''"))
end

--- The line on which a place is.
function text.line(whole, at)
  return select(2, whole:sub(1, at - 1):gsub("\n", "")) + 1
end

return text
