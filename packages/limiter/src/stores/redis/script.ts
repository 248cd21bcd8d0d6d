import { script } from '@weir/internal'

/**
 * KEYS: a hash each, all budgets of one key of the limiter: a policy's id -> its state. So the policies of a key are in one slot.
 * ARGV, again and again for as many keys as it says: how many; take or peek; the cost; how many policies; their ids, which begin with the
 * algorithm and the meter's three integers.
 * -> for each key and policy: remaining, full, wait, as of `Verdict`.
 *
 * The algorithms are those of ../../algorithms, where the reasons are; the tests hold both to one model, to the microsecond.
 * Each has two functions here: `*_settle` -> state, wait, whether it is ahead; `*_end` -> what to keep, remaining, full. What is kept are
 * pairs of doubles, which is what Lua's numbers are. Anything else in their place is no budget: whoever has it starts anew, because
 * an error would be one for all keys.
 */
export const DECIDE = script(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local cost
local reply = {}

local function gcra_settle (stored, highest, unit, leak)
  local at, level = now, 0
  if stored then at, level = struct.unpack('>dd', stored) end
  level = math.max(0, level - math.max(0, now - at) * leak)
  return level, math.max(0, math.ceil((level + cost * unit - highest) / leak)), at > now
end

local function gcra_end (level, uses, highest, unit, leak)
  if uses then level = level + cost * unit end
  return struct.pack('>dd', now, level), math.floor((highest - level) / unit), math.ceil(level / leak)
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

local function sliding_settle (log, limit, window, moment)
  if not log then return struct.pack('>dd', now - window, 0), 0, false end
  local late = pair(log, #log / 16) - math.ceil(now / moment) * moment
  if late > 0 then
    local moved = {}
    for i = 1, #log / 16 do
      local at, total = pair(log, i)
      moved[i] = struct.pack('>dd', at - late, total)
    end
    log = table.concat(moved)
  end
  local base = first(log, 1, now - window + 1) - 1
  if base > 1 then log = string.sub(log, base * 16 - 15) end
  local _, before = pair(log, 1)
  local _, total = pair(log, #log / 16)
  local to_leave, wait = total + cost - limit, 0
  if to_leave > before then wait = pair(log, first(log, 2, to_leave)) + window - now end
  return log, wait, late > 0
end

local function sliding_end (log, uses, limit, window, moment)
  local at, total = pair(log, #log / 16)
  local is_empty = #log == 16
  if uses then
    local now_at = math.ceil(now / moment) * moment
    if at == now_at then log = string.sub(log, 1, -17) end
    at, total, is_empty = now_at, total + cost, false
    log = log .. struct.pack('>dd', at, total)
  end
  local _, before = pair(log, 1)
  return log, limit - total + before, is_empty and 0 or at + window - now
end

local function parse (id)
  local algorithm, a, b, c = string.match(id, '^(%S+) (%d+) (%d+) (%d+)')
  local is_gcra = algorithm == 'gcra'
  return {
    id = id, a = tonumber(a), b = tonumber(b), c = tonumber(c),
    settle = is_gcra and gcra_settle or sliding_settle, finish = is_gcra and gcra_end or sliding_end
  }
end

local function decide (key, policies, using)
  local states, waits, allowed, ahead = {}, {}, true, false
  for i, policy in ipairs(policies) do
    local stored = redis.pcall('HGET', key, policy.id)
    if type(stored) == 'table' then
      if using then redis.call('DEL', key) end
      stored = false
    elseif stored and (#stored == 0 or #stored % 16 > 0) then
      stored = false
    end
    local is_ahead
    states[i], waits[i], is_ahead = policy.settle(stored, policy.a, policy.b, policy.c)
    allowed = allowed and waits[i] == 0
    ahead = ahead or is_ahead
  end

  local longest, uses = 0, using and allowed
  local keeps = uses or (using and ahead)
  for i, policy in ipairs(policies) do
    local state, remaining, full = policy.finish(states[i], uses, policy.a, policy.b, policy.c)
    if keeps then redis.call('HSET', key, policy.id, state) end
    local n = #reply
    reply[n + 1], reply[n + 2], reply[n + 3] = remaining, full, waits[i]
    longest = math.max(longest, full)
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
  local last, using, policies = key + ARGV[arg] - 1, ARGV[arg + 1] == 'take', {}
  cost = tonumber(ARGV[arg + 2])
  for i = 1, ARGV[arg + 3] do policies[i] = parse(ARGV[arg + 3 + i]) end
  for k = key, last do decide(KEYS[k], policies, using) end
  key, arg = last + 1, arg + 4 + #policies
end
return reply`)
