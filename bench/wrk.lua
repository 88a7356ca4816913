-- What wrk asks, and what it tells in the end: one line of JSON. Arguments: bytes to POST; "close" for new connections.
function init(args)
   if tonumber(args[1]) > 0 then
      wrk.method = "POST"
      wrk.body = string.rep("x", tonumber(args[1]))
   end
   if args[2] == "close" then
      wrk.headers["Connection"] = "close"
   end
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "broken": %d, "refused": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
