-- address: the checks of a provider's url, headers and key.

local check = require "check"
local fake = require "fake_core"

local address = fake.world().require "perilune.address"

local function refused(v, part, check_it)
  local ok, why = pcall(check_it or address.url, v, "url")
  check.is(ok, false)
  check.has(why, part)
end

check.that("good urls pass, without the slash at their end", function()
  for _, url in ipairs { "https://api.openai.com/v1", "http://127.0.0.1:9000", "http://[::1]:80/v1",
    "HTTPS://x/a/b.c/v1" } do
    check.is(address.url(url, "url"), url)
  end
  check.is(address.url("http://a/v1//", "url"), "http://a/v1")
end)

check.that("bad urls are told why", function()
  refused("ftp://a/v1", "'url = \"ftp://a/v1\"' is not an http:// or https:// url")
  refused("api.openai.com/v1", "is not an http:// or https:// url")
  refused("http://", "is not a url with a host and a port from 1 to 65535")
  refused("http://a:99999/v1", "is not a url with a host and a port from 1 to 65535")
  refused("http://a:/v1", "is not a url with a host and a port from 1 to 65535")
  refused("http://a b/v1", "is not a url with a host")
  refused("http://a/v 1", "is not a url of plain characters")
  refused("http://a/v1\r\nx: y", "is not a url of plain characters")
  refused(5, "is not a text such as")
end)

check.that("a password or key in a url is not repeated", function()
  for _, url in ipairs { "http://user:hunter2@a/v1", "http://a/v1?key=hunter2", "http://a/#hunter2",
    "user:hunter2@a" } do
    local _, why = pcall(address.url, url, "url")
    check.is(why:find("hunter2", 1, true), nil)
  end
  refused("http://u:p@a/v1", 'the url holds a user or password; write key = p.secret "NAME"')
  refused("http://a/v1?k=v", 'the url goes on after its path ("?" or "#"); end it there')
end)

check.that("headers are names and one-line texts, and not ours", function()
  refused({ ["x y"] = "1" }, "is not a header's name", address.headers)
  refused({ ["x"] = "a\r\nb" }, "the header x is not a text on one line", address.headers)
  refused({ ["Content-Length"] = "1" }, "the header Content-Length is written by the gateway",
    address.headers)
  refused("x", "is not a table", address.headers)
  local many = {}
  for i = 1, 17 do many["x-" .. i] = "v" end
  refused(many, "17 headers are too many (at most 16)", address.headers)
end)

check.that("a key is a secret or a plain text, never shown", function()
  refused("", "'key' is empty", address.key)
  refused("hunter2 \n", "'key' is empty, or holds spaces", address.key)
  refused(5, "'key' is not a secret or a text", address.key)
  check.is(address.key "sk-1", "sk-1")
end)
