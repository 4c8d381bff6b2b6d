-- One POST for wrk: QUERY is the body's JSON, TOKEN a session's.
wrk.method = "POST"
wrk.body = os.getenv("QUERY")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/graphql-response+json"
local token = os.getenv("TOKEN")
if token and token ~= "" then
  wrk.headers["Authorization"] = "Bearer " .. token
end
