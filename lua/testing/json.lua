-- testing.json -- request bodies: Lua tables as JSON, names in their order.

local json = {}

local write

local function names_of(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return names
end

local function write_table(t, quote)
  local parts = {}
  if #t > 0 or next(t) == nil then
    for i, v in ipairs(t) do parts[i] = write(v, quote) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for i, name in ipairs(names_of(t)) do
    parts[i] = quote(name) .. ":" .. write(t[name], quote)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function write(v, quote)
  local kind = type(v)
  if kind == "table" then return write_table(v, quote) end
  if kind == "string" then return quote(v) end
  if math.type(v) == "float" then return ("%.17g"):format(v) end
  return tostring(v)
end

--- A value as JSON; `quote` makes a text a string of it. An empty table is [].
function json.encode(v, quote)
  return write(v, quote)
end

return json
