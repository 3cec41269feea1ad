-- perilune.nearest -- the word somebody probably meant.
--
-- Two letters wrong in a word of four or more, one in a shorter one: further
-- away a guess would mislead more than it helps.

local nearest = {}

local function next_row(row, a, i, b)
  local new = { [0] = i }
  for j = 1, #b do
    local same = a:byte(i) == b:byte(j) and 0 or 1
    new[j] = math.min(row[j] + 1, new[j - 1] + 1, row[j - 1] + same)
  end
  return new
end

--- How many letters must be put in, taken out or changed to turn a into b.
function nearest.distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do row = next_row(row, a, i, b) end
  return row[#b]
end

--- The word of the list `words` nearest to `name`, and its distance; nil when
-- none is near. Of equally near ones the first.
function nearest.word(name, words)
  local best, least = nil, #name >= 4 and 3 or 2
  for _, word in ipairs(words) do
    local d = #name <= 64 and nearest.distance(name, word) or least
    if d < least and d < #name then best, least = word, d end
  end
  return best, best and least
end

return nearest
