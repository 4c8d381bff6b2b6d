//! Tries counted in Redis, in one step whatever else runs.

/// KEYS: the tally. ARGV: now, free, first, most, forget (milliseconds); 1 to give the last try back.
/// Answers the milliseconds to wait, 0 when the try is taken, and the tries that are counted. The rule is `Tally::pressed`'s.
pub const PRESS: &str = r"
    local now, free, first = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
    local most, forget = tonumber(ARGV[4]), tonumber(ARGV[5])
    local tally = { tries = 0, next = 0, last = 0 }
    local old = redis.call('GET', KEYS[1])
    if old then
        old = cjson.decode(old)
        if math.max(old.next, old.last) + forget > now then
            tally = old
        end
    end
    if ARGV[6] == '1' then
        tally.tries = math.max(tally.tries - 1, 0)
        tally.next = 0
    elseif tally.next > now then
        return { tally.next - now, tally.tries }
    else
        tally.tries = tally.tries + 1
        tally.last = math.max(tally.last, now)
        tally.next = 0
        if tally.tries >= free then
            tally.next = now + math.min(first * 2 ^ (tally.tries - free), most)
        end
    end
    redis.call('SET', KEYS[1], cjson.encode(tally), 'PX', math.max(tally.next - now, 0) + forget)
    return { 0, tally.tries }
";
