-- What a replica does in Redis, each procedure in one piece: nothing else runs meanwhile, and all of it is kept or nothing.
-- KEYS[1]: what every key begins with. ARGV: the procedure, the replica's name, then what the procedure wants.
--
--   claim:NAME     when a message was taken (ms); expires
--   talk:NAME      a conversation: "STAMP EXPIRES" LF and its bytes; no two turns have the same stamp. note:NAME likewise
--   out:ADAPTER    stream of answers that wait (id, talk, to, payload), with the consumer group "whether", a consumer a replica
--   delivery:ID    what became of one so far (hash); queue:ADAPTER LF TALK: list of the ids of a conversation, oldest first
--   lease:NAME     the replica that has an IRC network; leased: the names that may be had by one only
--   gap:KIND LF NORM, gaps: what was not understood; the same by number (sorted set)
--   adapters, waiting, last: the streams' names, how many answers wait, the last id given out
local base, me = KEYS[1], ARGV[2]
local GROUP, GAPS_AT_ONCE, NEW_AT_ONCE = 'whether', 250, 200
local call = redis.call

local function key(kind, name) return base .. kind .. ':' .. name end
local function queue(adapter, talk) return key('queue', adapter .. '\n' .. talk) end

-- ---- deliveries ----

local function read(id)
    local v = call('HMGET', key('delivery', id), 'adapter', 'talk', 'entry', 'owner', 'next', 'attempts', 'unsure', 'created',
        'under_way', 'was_unsure')
    if not v[1] then return nil end
    return {id = id, adapter = v[1], talk = v[2], entry = v[3], owner = v[4], next = v[5], attempts = v[6], unsure = v[7],
        created = v[8], under_way = v[9], was_unsure = v[10]}
end

local function head_of(d) return call('LINDEX', queue(d.adapter, d.talk), 0) end

-- For the replica's own list: only the oldest of each conversation, and only what is in its charge.
local function tell(news, d)
    for _, v in ipairs({d.id, d.entry, d.adapter, d.next, d.attempts, d.unsure, d.created, d.under_way}) do
        news[#news + 1] = v
    end
end

-- There is no stream where somebody deleted all of it by hand: an empty one goes.
local function claim_entry(d, owner, ...)
    if call('EXISTS', key('out', d.adapter)) == 1 then call('XCLAIM', key('out', d.adapter), GROUP, owner, 0, d.entry, ...) end
end

local function give(d, owner)
    claim_entry(d, owner, 'JUSTID')
    if d.owner ~= owner then call('HSET', key('delivery', d.id), 'owner', owner) end
    d.owner = owner
end

local function drop_entry(adapter, entry)
    call('XACK', key('out', adapter), GROUP, entry)
    call('XDEL', key('out', adapter), entry)
end

-- What waits behind an answer that another replica has in charge stays with that one, so that their order does.
local function keeper_of(d)
    local head = head_of(d)
    local first = head and head ~= d.id and call('HGET', key('delivery', head), 'owner')
    return first and first ~= '' and first or me, not head or head == d.id
end

local function take_charge(news, d)
    local owner, is_first = keeper_of(d)
    give(d, owner)
    if owner == me and is_first then tell(news, d) end
end

local function may_take(adapter)
    return call('SISMEMBER', base .. 'leased', adapter) == 0 or call('GET', key('lease', adapter)) == me
end

local function remove(d)
    drop_entry(d.adapter, d.entry)
    call('DEL', key('delivery', d.id))
    call('LREM', queue(d.adapter, d.talk), 1, d.id)
end

-- The first of its conversation.
local function finish(news, d)
    remove(d)
    local next_id = head_of(d)
    local behind = next_id and read(next_id)
    -- One that nobody has read yet is read by whoever has the lease.
    if behind and behind.owner ~= '' and may_take(behind.adapter) then
        give(behind, me)
        tell(news, behind)
    end
end

-- Half of it is gone: the other half goes too, also from among those of its conversation. Who stands before it may be under way.
local function drop_half(news, adapter, item)
    local d = {id = item[2][2], adapter = adapter, talk = item[2][4], entry = item[1]}
    if head_of(d) == d.id then finish(news, d) else remove(d) end
    call('DECR', base .. 'waiting')
end

-- added: those of them that this turn has put in, by id, and has given to their keepers already.
local function read_new(news, adapter, count, added)
    local got = call('XREADGROUP', 'GROUP', GROUP, me, 'COUNT', count, 'STREAMS', key('out', adapter), '>')
    local items = got and got[1][2] or {}
    for _, item in ipairs(items) do
        local new = added and added[item[2][2]]
        local d = new or read(item[2][2])
        if not d then
            drop_half(news, adapter, item)
        elseif not new then
            take_charge(news, d)
        elseif new.owner ~= me then
            give(new, new.owner)
        elseif new.is_first then
            tell(news, new)
        end
    end
    return #items
end

-- ---- a turn ----

-- Words of each operation, its own included.
local size = {claim = 4, fence = 2, talk = 5, note = 4, add = 7, begin = 2, again = 4, off = 3, done = 2, gap = 5}

-- Whether a conversation is not what the turn has seen; BLIND: it did not look.
local BLIND = '-'
local function has_changed(name, seen)
    if seen == BLIND then return false end
    local value = call('GET', key('talk', name))
    return (value and string.match(value, '^[^ ]*') or '') ~= seen
end

-- Another replica was faster: nothing is done, and the turn may think again. Or it has taken over what was ours, since we were away
-- for too long.
local function refusal()
    local again, added, i = {'again'}, {}, 4
    while i <= #ARGV do
        local op, name = ARGV[i], ARGV[i + 1]
        if op == 'add' then
            added[name] = true
        elseif op == 'claim' then
            local taken = call('GET', key('claim', name))
            if taken and (tonumber(taken) or 0) > ARGV[i + 2] - ARGV[i + 3] then again[#again + 1] = key('claim', name) end
        elseif op == 'talk' and has_changed(name, ARGV[i + 2]) then
            again[#again + 1] = key('talk', name)
        elseif op == 'fence' and call('GET', key('lease', name)) ~= me then
            return {'lost', 'lease', ''}
        elseif op == 'begin' and not added[name] and call('HGET', key('delivery', name), 'owner') ~= me then
            return {'lost', 'delivery', name}
        end
        i = i + size[op]
    end
    return #again > 1 and again or nil
end

local function ours(id)
    local d = read(id)
    return d and d.owner == me and d
end

local function set(d, changes)
    local words = {}
    for field, value in pairs(changes) do
        words[#words + 1], words[#words + 2] = field, value
        d[field] = value
    end
    call('HSET', key('delivery', d.id), unpack(words))
end

-- What the operations of a turn leave for its end: places (adapters with something new), touched (deliveries that changed), waiting
-- (how many more there are), and news for the replica's list.
local op = {}
-- NAME NOW FOR_MS
function op.claim(i) call('SET', key('claim', ARGV[i + 1]), ARGV[i + 2], 'PX', ARGV[i + 3]) end
function op.fence() end
-- NAME SEEN VALUE FOR_MS
function op.talk(i) call('SET', key('talk', ARGV[i + 1]), ARGV[i + 3], 'PX', ARGV[i + 4]) end
-- NAME VALUE FOR_MS
function op.note(i) call('SET', key('note', ARGV[i + 1]), ARGV[i + 2], 'PX', ARGV[i + 3]) end

local function place_of(turn, adapter)
    if not turn.places[adapter] then
        if call('EXISTS', key('out', adapter)) == 0 then call('XGROUP', 'CREATE', key('out', adapter), GROUP, '0', 'MKSTREAM') end
        call('SADD', base .. 'adapters', adapter)
        turn.places[adapter] = {may_take = may_take(adapter), added = {}}
    end
    return turn.places[adapter]
end
-- ID ADAPTER TALK TO PAYLOAD NOW
function op.add(i, turn)
    local place = place_of(turn, ARGV[i + 2])
    local d = {id = ARGV[i + 1], adapter = ARGV[i + 2], talk = ARGV[i + 3], owner = '', next = ARGV[i + 6], attempts = '0',
        unsure = '0', created = ARGV[i + 6], under_way = '0'}
    d.entry = call('XADD', key('out', d.adapter), '*', 'id', d.id, 'talk', d.talk, 'to', ARGV[i + 4], 'payload', ARGV[i + 5])
    d.is_first = call('RPUSH', queue(d.adapter, d.talk), d.id) == 1
    if place.may_take then
        d.owner = d.is_first and me or keeper_of(d)
        place.added[d.id] = d
    end
    call('HSET', key('delivery', d.id), 'adapter', d.adapter, 'talk', d.talk, 'entry', d.entry, 'owner', d.owner, 'next', d.next,
        'attempts', 0, 'unsure', 0, 'created', d.created, 'under_way', 0, 'was_unsure', 0)
    turn.waiting = turn.waiting + 1
end
function op.begin(i, turn)
    local d = ours(ARGV[i + 1])
    if not d then return end
    set(d, {under_way = '1', was_unsure = d.unsure, unsure = '1', attempts = d.attempts + 1})
    give(d, me)
    turn.touched[d.id] = d
end
-- ID NEXT UNSURE
function op.again(i, turn)
    local d = ours(ARGV[i + 1])
    if not d then return end
    set(d, {under_way = '0', next = ARGV[i + 2], unsure = ARGV[i + 3]})
    turn.touched[d.id] = d
end
-- ID NEXT
function op.off(i, turn)
    local d = ours(ARGV[i + 1])
    if not d then return end
    local begun = d.under_way == '1'
    set(d, {under_way = '0', next = ARGV[i + 2], attempts = d.attempts - (begun and 1 or 0),
        unsure = begun and d.was_unsure or d.unsure})
    turn.touched[d.id] = d
end
-- Whoever has it in charge now: it arrived, or never will.
function op.done(i, turn)
    local d = read(ARGV[i + 1])
    turn.touched[ARGV[i + 1]] = nil
    if not d then return end
    finish(turn.news, d)
    turn.waiting = turn.waiting - 1
end
-- NAME KIND TEXT NOW; the name is the kind and what makes two questions one
function op.gap(i)
    local name, now = ARGV[i + 1], ARGV[i + 4]
    local count = call('HINCRBY', key('gap', name), 'count', 1)
    if count == 1 then call('HSET', key('gap', name), 'kind', ARGV[i + 2], 'text', ARGV[i + 3], 'first', now) end
    call('HSET', key('gap', name), 'last', now)
    -- By number, among equals the latest; a moment is far less than one.
    call('ZADD', base .. 'gaps', string.format('%.17g', count + tonumber(now) / 1e14), name)
end

local function evict(most)
    if call('ZCARD', base .. 'gaps') <= most then return end
    for _, name in ipairs(call('ZRANGE', base .. 'gaps', 0, GAPS_AT_ONCE - 1)) do call('DEL', key('gap', name)) end
    call('ZREMRANGEBYRANK', base .. 'gaps', 0, GAPS_AT_ONCE - 1)
end

-- ARGV: GAPS_MAX OP...
local function commit()
    local refused = refusal()
    if refused then return refused end
    local turn, i = {news = {}, touched = {}, places = {}, waiting = 0}, 4
    while i <= #ARGV do
        op[ARGV[i]](i, turn)
        i = i + size[ARGV[i]]
    end
    for adapter, place in pairs(turn.places) do
        while place.may_take and read_new(turn.news, adapter, NEW_AT_ONCE, place.added) == NEW_AT_ONCE do end
    end
    for _, d in pairs(turn.touched) do tell(turn.news, d) end
    evict(tonumber(ARGV[3]))
    local waiting = turn.waiting ~= 0 and call('INCRBY', base .. 'waiting', turn.waiting) or call('GET', base .. 'waiting')
    return {'ok', waiting or '0', turn.news}
end

-- ---- between turns ----

-- ARGV: LEASE_MS NAME...: 1 or 0 for each.
local function beat()
    local held = {}
    for i = 4, #ARGV do
        local name = key('lease', ARGV[i])
        call('SADD', base .. 'leased', ARGV[i])
        local holder = call('GET', name)
        if not holder or holder == me then call('SET', name, me, 'PX', ARGV[3]) end
        held[#held + 1] = (not holder or holder == me) and 1 or 0
    end
    return held
end

-- Those before it whose text somebody deleted by hand: whoever had them in charge finds out when they are due, but may be gone, or
-- have lost its connection since: nobody is told of them again.
local function drop_textless(d)
    local first = read(head_of(d) or d.id)
    while first and first.id ~= d.id and #call('XRANGE', key('out', d.adapter), first.entry, first.entry) == 0 do
        remove(first)
        call('DECR', base .. 'waiting')
        first = read(head_of(d) or d.id)
    end
end

-- ARGV: ADAPTER IDLE_MS NEXT COUNT CURSOR: from replicas that are gone, and what nobody has read. Returns how far it came.
local function take()
    local adapter, news = ARGV[3], {}
    if call('EXISTS', key('out', adapter)) == 0 or not may_take(adapter) then return {'0-0', news} end
    local got = call('XAUTOCLAIM', key('out', adapter), GROUP, me, ARGV[4], ARGV[7], 'COUNT', ARGV[6])
    for _, item in ipairs(got[2]) do
        -- Redis 6.2 tells nil (false here) for an entry that somebody deleted by hand.
        local d = item and read(item[2][2])
        if not item then
            -- nothing is known of it
        elseif not d then
            drop_half(news, adapter, item)
        elseif d.owner ~= me then
            if d.under_way == '1' then set(d, {under_way = '0', unsure = '1', next = ARGV[5]}) end
            drop_textless(d)
            take_charge(news, d)
        else
            -- Ours, but not kept: it waits behind another, or we do not know of it. Its turn arrived late, over a connection that had
            -- broken for us.
            drop_textless(d)
            if head_of(d) == d.id then tell(news, d) end
        end
    end
    read_new(news, adapter, ARGV[6])
    return {got[1], news}
end

-- ARGV: ADAPTER COUNT CURSOR: what is in our charge already, after a connection broke.
local function mine()
    local adapter, news = ARGV[3], {}
    if call('EXISTS', key('out', adapter)) == 0 then return {'', news} end
    local got = call('XREADGROUP', 'GROUP', GROUP, me, 'COUNT', ARGV[4], 'STREAMS', key('out', adapter), ARGV[5])
    local items = got and got[1][2] or {}
    for _, item in ipairs(items) do
        local d = item[2] and item[2][2] and ours(item[2][2])
        if d and head_of(d) == d.id then tell(news, d) end
    end
    return {#items == tonumber(ARGV[4]) and items[#items][1] or '', news}
end

-- ARGV: ID...: still alive and at it. Returns how many wait, and which of these are not ours any more.
local function keep()
    local gone = {}
    for i = 3, #ARGV do
        local d = ours(ARGV[i])
        if d then give(d, me) else gone[#gone + 1] = ARGV[i] end
    end
    return {call('GET', base .. 'waiting') or '0', gone}
end

-- ARGV: IDLE_MS, lease NAME or delivery ID ...: whoever comes next may have them at once.
local function leave()
    for i = 4, #ARGV, 2 do
        local d = ARGV[i] == 'delivery' and ours(ARGV[i + 1])
        if d then
            claim_entry(d, me, 'IDLE', ARGV[3], 'JUSTID')
        elseif ARGV[i] == 'lease' and call('GET', key('lease', ARGV[i + 1])) == me then
            call('DEL', key('lease', ARGV[i + 1]))
        end
    end
    return 'ok'
end

-- Drops consumers of replicas that are long gone, and have nothing left. Returns whether any is not.
local function sweep_consumers(adapter)
    local alive = false
    for _, fields in ipairs(call('XINFO', 'CONSUMERS', key('out', adapter), GROUP)) do
        local consumer = {}
        for i = 1, #fields, 2 do consumer[fields[i]] = fields[i + 1] end
        if consumer.idle <= tonumber(ARGV[3]) then
            alive = true
        elseif consumer.pending == 0 and consumer.name ~= me then
            call('XGROUP', 'DELCONSUMER', key('out', adapter), GROUP, consumer.name)
        end
    end
    return alive
end

-- ARGV: IDLE_MS. Returns the adapters for which something waits; what is empty goes, and comes back with the next answer.
local function sweep()
    local waiting = {}
    for _, adapter in ipairs(call('SMEMBERS', base .. 'adapters')) do
        if call('XLEN', key('out', adapter)) == 0 then
            call('DEL', key('out', adapter))
            call('SREM', base .. 'adapters', adapter)
        else
            -- What nobody wants to have alone any more is anybody's, to be given up.
            if not sweep_consumers(adapter) and call('EXISTS', key('lease', adapter)) == 0 then call('SREM', base .. 'leased', adapter) end
            waiting[#waiting + 1] = adapter
        end
    end
    return waiting
end

-- ARGV: MOST: text, kind, count, first, last of each.
local function gaps()
    local rows = {}
    for _, name in ipairs(call('ZREVRANGE', base .. 'gaps', 0, tonumber(ARGV[3]) - 1)) do
        for _, v in ipairs(call('HMGET', key('gap', name), 'text', 'kind', 'count', 'first', 'last')) do rows[#rows + 1] = v or '' end
    end
    return rows
end

local procedures = {commit = commit, beat = beat, take = take, mine = mine, keep = keep, leave = leave,
    sweep = sweep, gaps = gaps}
return procedures[ARGV[1]]()
