import { script } from '@weir/internal'

/**
 * KEYS: a hash per key of the limiter, with all its budgets: a policy's id -> its state. The
 * policies of a key are therefore in one slot. ARGV, repeated, each time for a number of keys: that
 * number; take, peek or lease; the cost; the number of policies; their ids, which begin with the
 * algorithm and the meter's three integers. After a lease, for each of its keys: the wanted amount
 * of a slice, and the returned slice: its amount, the unused part, when it was granted, its expiry;
 * zeros for none. -> for each key and policy: remaining, full, wait, again, as in `Verdict`; after
 * those of a lease the slice: amount, when, until.
 *
 * The algorithms are those of ../../algorithms, which explains them; the tests compare both with
 * one model, to the microsecond. Each has five functions here, over a state as of now: `*_settle`
 * -> state, whether it is from the future; `*_wait`; `*_use`; `*_return`, which takes back an
 * earlier use; `*_end` -> state to keep, remaining, full, again. A state consists of pairs of
 * doubles, like Lua's numbers. Any other content is not a budget: the client starts anew, because
 * an error would affect all keys.
 *
 * Slices: see ../../slices.ts. A slice is used when it is granted. The field `slices ID` has pairs
 * of expiry and outstanding amount. A policy has that much room beyond its capacity, because the
 * outstanding amount may be returned. Each slice has a distinct expiry, so that one returned twice,
 * e.g. because a client resends a command, is not mistaken for another.
 */
export const DECIDE = script(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local reply = {}

local function gcra_settle (stored, unit, leak)
  local at, level = now, 0
  if stored then at, level = struct.unpack('>dd', stored) end
  return math.max(0, level - math.max(0, now - at) * leak), at > now
end

local function gcra_wait (level, cost, highest, unit, leak)
  return math.max(0, math.ceil((level + cost * unit - highest) / leak))
end

local function gcra_use (level, cost, unit) return level + cost * unit end

local function gcra_return (level, unused, unit) return math.max(0, level - unused * unit) end

local function gcra_end (level, highest, unit, leak)
  local left = math.max(0, math.floor((highest - level) / unit))
  local again = math.ceil((math.max(1, left) * unit - (highest - level - left * unit)) / leak)
  return struct.pack('>dd', now, level), left, math.ceil(level / leak), again
end

local function pair (log, i) return struct.unpack('>dd', log, i * 16 - 15) end

-- The first pair after that which no longer counts, whose time (1) or total (2) is at least so much; one beyond the last if none.
local function first (log, which, least)
  local low, high = 2, #log / 16 + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    local at, total = pair(log, middle)
    if (which == 1 and at or total) >= least then high = middle else low = middle + 1 end
  end
  return low
end

local function moved (log, from, later, more)
  local pairs_moved = {}
  for i = from, #log / 16 do
    local at, total = pair(log, i)
    pairs_moved[#pairs_moved + 1] = struct.pack('>dd', at + later, total + more)
  end
  return string.sub(log, 1, from * 16 - 16) .. table.concat(pairs_moved)
end

local function sliding_settle (log, window, moment)
  if not log then return struct.pack('>dd', now - window, 0), false end
  local late = pair(log, #log / 16) - math.ceil(now / moment) * moment
  if late > 0 then log = moved(log, 1, -late, 0) end
  local base = first(log, 1, now - window + 1) - 1
  if base > 1 then log = string.sub(log, base * 16 - 15) end
  return log, late > 0
end

local function sliding_wait (log, cost, limit, window)
  local _, before = pair(log, 1)
  local _, total = pair(log, #log / 16)
  local to_leave = total + cost - limit
  if to_leave <= before then return 0 end
  return pair(log, first(log, 2, to_leave)) + window - now
end

local function sliding_use (log, cost, _, moment)
  local at, total = pair(log, #log / 16)
  local now_at = math.ceil(now / moment) * moment
  if at == now_at and #log > 16 then log = string.sub(log, 1, -17) end
  return log .. struct.pack('>dd', now_at, total + cost)
end

local function sliding_return (log, unused, _, moment, granted)
  local at = math.ceil(granted / moment) * moment
  -- It has left the log.
  if pair(log, 1) >= at then return log end
  return moved(log, first(log, 1, at), 0, -unused)
end

local function sliding_end (log, limit, window, moment)
  local at, total = pair(log, #log / 16)
  local _, before = pair(log, 1)
  local left = math.max(0, limit - total + before)
  local to_leave = total + left + math.max(1, left) - limit
  local leaves = to_leave > total and math.ceil(now / moment) * moment or pair(log, first(log, 2, to_leave))
  return log, left, #log == 16 and 0 or at + window - now, leaves + window - now
end

local function parse (id)
  local algorithm, a, b, c = string.match(id, '^(%S+) (%d+) (%d+) (%d+)')
  local is_gcra = algorithm == 'gcra'
  a, b, c = tonumber(a), tonumber(b), tonumber(c)
  local policy = {
    id = id, slices = 'slices ' .. id, a = a, b = b, c = c, unit = is_gcra and b or 1, capacity = is_gcra and a / b or a
  }
  if is_gcra then
    policy.settle, policy.wait, policy.use, policy.back, policy.finish = gcra_settle, gcra_wait, gcra_use, gcra_return, gcra_end
  else
    policy.settle, policy.wait, policy.use, policy.back, policy.finish =
      sliding_settle, sliding_wait, sliding_use, sliding_return, sliding_end
  end
  return policy
end

-- How much of a policy is out, until when: what is over does not come back. What ends too late is from a clock that was set back.
local function read_slices (stored)
  local slices, out = {}, 0
  if not stored or #stored % 16 > 0 then return slices, out end
  for i = 1, #stored / 16 do
    local till, amount = pair(stored, i)
    if till > now and till <= now + 2500000 and amount > 0 then
      slices[till] = amount
      out = out + amount
    end
  end
  return slices, out
end

-- As many slices as instances have at a time; with more, each request is asked for.
local function is_full (slices)
  local count = 0
  for _ in pairs(slices) do count = count + 1 end
  return count > 64
end

local function pack_slices (slices)
  local packed = {}
  for till, amount in pairs(slices) do packed[#packed + 1] = struct.pack('>dd', till, amount) end
  return table.concat(packed)
end

local function read (key, policy, using)
  local stored = redis.pcall('HMGET', key, policy.id, policy.slices)
  if stored.err then
    if using then redis.call('DEL', key) end
    return false, false
  end
  local state = stored[1]
  if state and (#state == 0 or #state % 16 > 0) then state = false end
  return state, stored[2]
end

local function decide (key, policies, operation, cost, lease)
  local using = operation ~= 'peek'
  local states, waits, slices, outs, allowed, keeps = {}, {}, {}, {}, true, false
  for i, policy in ipairs(policies) do
    local stored, stored_slices = read(key, policy, using)
    local is_ahead
    states[i], is_ahead = policy.settle(stored, policy.b, policy.c)
    keeps = keeps or (using and is_ahead)
    slices[i], outs[i] = read_slices(stored_slices)
    if lease and lease.amount > 0 and (slices[i][lease.till] or 0) >= lease.amount then
      slices[i][lease.till] = slices[i][lease.till] - lease.amount
      outs[i] = outs[i] - lease.amount
      states[i] = policy.back(states[i], lease.unused, policy.b, policy.c, lease.granted)
      keeps = true
      slices[i].changed = true
    end
    waits[i] = policy.wait(states[i], cost, policy.a + outs[i] * policy.unit, policy.b, policy.c)
    allowed = allowed and waits[i] == 0
  end

  if using and allowed and cost > 0 then
    keeps = true
    for i, policy in ipairs(policies) do states[i] = policy.use(states[i], cost, policy.b, policy.c) end
  end

  local slice, till = 0, now + 2499999
  if lease and allowed and lease.wanted > 0 then
    slice = lease.wanted
    for i, policy in ipairs(policies) do
      -- Half a percent may be out, in so many slices, and only while half of all is left.
      slice = is_full(slices[i]) and 0 or math.min(slice, math.floor(policy.capacity / 200) - outs[i])
      local _, left = policy.finish(states[i], policy.a, policy.b, policy.c)
      if left - slice < policy.capacity / 2 then slice = 0 end
    end
    if slice > 0 then
      keeps = true
      for i, policy in ipairs(policies) do
        states[i] = policy.use(states[i], slice, policy.b, policy.c)
        slices[i][till] = (slices[i][till] or 0) + slice
        slices[i].changed = true
        outs[i] = outs[i] + slice
      end
    end
  end

  local longest = 0
  for i, policy in ipairs(policies) do
    local state, remaining, full, again = policy.finish(states[i], policy.a + outs[i] * policy.unit, policy.b, policy.c)
    if keeps then
      if slices[i].changed then
        slices[i].changed = nil
        redis.call('HSET', key, policy.id, state, policy.slices, pack_slices(slices[i]))
      else
        redis.call('HSET', key, policy.id, state)
      end
    end
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4] = remaining, full, waits[i], again
    longest = math.max(longest, full)
  end
  if lease then
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3] = math.max(0, slice), now, till
  end

  if keeps then
    -- Two more, because expiry counts in whole milliseconds from when the script began. Twice as long as needed, and a second at least, so
    -- that it has to be said rarely. Other policies of the key may need it for longer.
    local ttl = math.max(1000, math.ceil(longest / 1000) + 2)
    if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, 2 * ttl) end
  end
end

local key, arg = 1, 1
while arg <= #ARGV do
  local last, operation, cost, policies = key + ARGV[arg] - 1, ARGV[arg + 1], tonumber(ARGV[arg + 2]), {}
  for i = 1, ARGV[arg + 3] do policies[i] = parse(ARGV[arg + 3 + i]) end
  arg = arg + 4 + #policies
  for k = key, last do
    local lease
    if operation == 'lease' then
      lease = {
        wanted = tonumber(ARGV[arg]), amount = tonumber(ARGV[arg + 1]), unused = tonumber(ARGV[arg + 2]),
        granted = tonumber(ARGV[arg + 3]), till = tonumber(ARGV[arg + 4])
      }
      arg = arg + 5
    end
    decide(KEYS[k], policies, operation, cost, lease)
  end
  key = last + 1
end
return reply`)
