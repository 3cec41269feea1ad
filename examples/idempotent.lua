-- idempotent.lua: an order that is sent twice is answered once. A repeat gets the first answer,
-- byte for byte, and costs nothing; one that comes while the first still runs waits for it.
-- Clients that send an Idempotency-Key have this anyway, for a day; here the order's own number is
-- the key, and an answer is kept for as long as its shop may send the order again.
local p = require "perilune"

p.idempotent { ttl = "3d", key = function(req) return req.headers["x-order"] end }

return { { "openai/gpt-4o", first = "10s" }, "anthropic/claude-sonnet-4-5" }
