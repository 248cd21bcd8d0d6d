import { script } from '@weir/internal'
import { COUNTER_VERSION, NUMBER_OFFSET, NUMBER_WIDTH } from '../../counter-frame.js'
import { CHECKSUM_OFFSET, STAMP_OFFSET, STORED_AT_OFFSET } from '../../frame.js'

const NUMBER_END = NUMBER_OFFSET + NUMBER_WIDTH

/**
 * Scripts that change an entry only if it is the one that was read. A frame is identified by its
 * stamp, storedAt and checksum, as bytes; nothing else of it is read.
 */
const SEEN = `
local function head(key) return redis.call('GETRANGE', key, 0, ${NUMBER_END - 1}) end
local function version(head) return string.sub(head, ${STAMP_OFFSET + 1}, ${STORED_AT_OFFSET + 8}) .. string.sub(head, ${CHECKSUM_OFFSET + 1}, ${CHECKSUM_OFFSET + 4}) end
local function isCounter(frame) return string.byte(frame, 2) == ${COUNTER_VERSION} end
local function number(head) return string.sub(head, ${NUMBER_OFFSET + 1}, ${NUMBER_END}) end
`

/**
 * KEYS: the entry. ARGV: the expected version, '' for none; a counter's number, or '' for any; a
 * frame, or ''; milliseconds. -> 0 if there is another frame; otherwise 1, or the number of the
 * replaced counter, as text
 */
export const SWAP = script(`${SEEN}
local seen, seenNumber, frame, ttl = unpack(ARGV)
local present = head(KEYS[1])
if version(present) ~= seen then return 0 end
local present = isCounter(present) and number(present)
if seenNumber ~= '' and seenNumber ~= present then return 0 end
if frame == '' then
  redis.call('UNLINK', KEYS[1])
else
  if present and seenNumber == '' and isCounter(frame) then
    frame = string.sub(frame, 1, ${NUMBER_OFFSET}) .. present .. string.sub(frame, ${NUMBER_END + 1})
  end
  redis.call('SET', KEYS[1], frame, 'PX', ttl)
end
return present or 1`)

/**
 * KEYS: entries. ARGV for each: the expected version, a number to add. -> for each the sum, or ''
 * if there is another frame; the counter is unchanged if the sum is not a safe integer
 */
export const INCREMENT = script(`${SEEN}
local sums = {}
for i, key in ipairs(KEYS) do
  local present = head(key)
  if isCounter(present) and version(present) == ARGV[2 * i - 1] then
    local sum = tonumber(number(present)) + tonumber(ARGV[2 * i])
    if math.abs(sum) <= ${Number.MAX_SAFE_INTEGER} then
      redis.call('SETRANGE', key, ${NUMBER_OFFSET}, string.format('%+0${NUMBER_WIDTH}.0f', sum))
    end
    sums[i] = string.format('%.0f', sum)
  else
    sums[i] = ''
  end
end
return sums`)

/** KEYS: the entry. ARGV: a stamp; a frame with a higher one stays. */
export const DELETE_UP_TO = script(`
local present = redis.call('GETRANGE', KEYS[1], 0, ${STAMP_OFFSET + 7})
if #present == ${STAMP_OFFSET + 8} and struct.unpack('>d', present, ${STAMP_OFFSET + 1}) > tonumber(ARGV[1]) then return 0 end
return redis.call('UNLINK', KEYS[1])`)
