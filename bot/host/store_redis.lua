-- What a replica does in Redis, each procedure in one piece: nothing else runs meanwhile, and all of it is kept or nothing.
-- KEYS[1]: what every key begins with. ARGV: the procedure, the replica's name, then what the procedure wants.
--
--   claim:NAME     "=MS": a message was taken then. "?REPLICA TURN": that turn is about to (expires soon)
--   turn:NAME      whose turn it is in a conversation: "?REPLICA TURN" (expires soon)
--   talk:NAME      a conversation: hash of b (bytes), e (when it expires); note:NAME likewise
--   out:ADAPTER    stream of answers that wait (id, talk, to, payload), with the consumer group "whether", a consumer a replica
--   delivery:ID    what became of one so far (hash); queue:ADAPTER LF TALK: list of the ids of a conversation, oldest first
--   lease:NAME     the replica that has an IRC network; leased: the names that may be had by one only
--   gap:KIND LF NORM, gaps: what was not understood; the same by number (sorted set)
--   adapters, waiting, last: the streams' names, how many answers wait, the last id given out
local base, me = KEYS[1], ARGV[2]
local GROUP, GAPS_AT_ONCE = 'whether', 250
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

local function give(d, owner)
    call('XCLAIM', key('out', d.adapter), GROUP, owner, 0, d.entry, 'JUSTID')
    call('HSET', key('delivery', d.id), 'owner', owner)
    d.owner = owner
end

-- Somebody deleted half of it by hand: the other half goes too.
local function drop_entry(adapter, entry)
    call('XACK', key('out', adapter), GROUP, entry)
    call('XDEL', key('out', adapter), entry)
end

-- What waits behind an answer that another replica has in charge stays with that one, so that their order does.
local function take_charge(news, d)
    local head = head_of(d)
    local first = head and head ~= d.id and call('HGET', key('delivery', head), 'owner')
    if first and first ~= '' and first ~= me then
        give(d, first)
        return
    end
    give(d, me)
    if not head or head == d.id then tell(news, d) end
end

local function may_take(adapter)
    return call('SISMEMBER', base .. 'leased', adapter) == 0 or call('GET', key('lease', adapter)) == me
end

local function read_new(news, adapter, count)
    local got = call('XREADGROUP', 'GROUP', GROUP, me, 'COUNT', count, 'STREAMS', key('out', adapter), '>')
    for _, item in ipairs(got and got[1][2] or {}) do
        local d = read(item[2][2])
        if d then take_charge(news, d) else drop_entry(adapter, item[1]) end
    end
end

local function finish(news, d)
    drop_entry(d.adapter, d.entry)
    call('DEL', key('delivery', d.id))
    call('DECR', base .. 'waiting')
    call('LREM', queue(d.adapter, d.talk), 1, d.id)
    local next_id = head_of(d)
    local behind = next_id and read(next_id)
    -- One that nobody has read yet is read by whoever has the lease.
    if behind and behind.owner ~= '' and may_take(behind.adapter) then
        give(behind, me)
        tell(news, behind)
    end
end

-- ---- a turn ----

local function mark() return '?' .. me .. ' ' .. ARGV[3] end
local function is_mine(value) return string.sub(value, 2, #me + 2) == me .. ' ' end

-- ARGV: TURN NOW TALK TURN_MS CLAIM_MS NAME...; TALK may be empty. Returns new, known or busy, the conversation, and the
-- names that nobody had.
local function look()
    local horizon, talk, known = tonumber(ARGV[4]) - tonumber(ARGV[7]), ARGV[5], false
    local free = {}
    for i = 8, #ARGV do
        local value = call('GET', key('claim', ARGV[i]))
        local taken = value and string.sub(value, 1, 1) == '=' and tonumber(string.sub(value, 2)) > horizon
        if taken or value == mark() then
            known = true
        elseif value and string.sub(value, 1, 1) == '?' and not is_mine(value) then
            return {'busy'}
        else
            free[#free + 1] = ARGV[i]
        end
    end
    if talk ~= '' and not known then
        local value = call('GET', key('turn', talk))
        if value and not is_mine(value) then return {'busy'} end
        call('SET', key('turn', talk), mark(), 'PX', ARGV[6])
    end
    for _, name in ipairs(free) do call('SET', key('claim', name), mark(), 'PX', ARGV[6]) end
    local kept = not known and talk ~= '' and call('HMGET', key('talk', talk), 'b', 'e') or {}
    return {known and 'known' or 'new', kept[1] or '', kept[2] or '0', unpack(free)}
end

local size = {claim = 4, hold = 2, fence = 2, talk = 5, drop = 2, note = 5, add = 7, begin = 2, again = 4, off = 3, done = 2, gap = 5}

-- What another replica may have taken over meanwhile, since we were away for too long.
local function lost()
    local added = {}
    local i = 5
    while i <= #ARGV do
        local op, name = ARGV[i], ARGV[i + 1]
        if op == 'add' then
            added[name] = true
        elseif op == 'claim' and call('GET', key('claim', name)) ~= mark() then
            return {'lost', 'message', ''}
        elseif op == 'hold' and call('GET', key('turn', name)) ~= mark() then
            return {'lost', 'conversation', ''}
        elseif op == 'fence' and call('GET', key('lease', name)) ~= me then
            return {'lost', 'lease', ''}
        elseif op == 'begin' and not added[name] and call('HGET', key('delivery', name), 'owner') ~= me then
            return {'lost', 'delivery', name}
        end
        i = i + size[op]
    end
    return nil
end

local function keep_until(kind, name, bytes, expires, for_ms)
    call('HSET', key(kind, name), 'b', bytes, 'e', expires)
    call('PEXPIRE', key(kind, name), for_ms)
end

local function ours(id)
    local d = read(id)
    return d and d.owner == me and d
end

local function set(d, ...) call('HSET', key('delivery', d.id), ...) end

local op = {}
-- NAME NOW FOR_MS
function op.claim(i) call('SET', key('claim', ARGV[i + 1]), '=' .. ARGV[i + 2], 'PX', ARGV[i + 3]) end
function op.hold(i) call('DEL', key('turn', ARGV[i + 1])) end
function op.fence() end
function op.talk(i) keep_until('talk', ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]) end
function op.drop(i) call('DEL', key('talk', ARGV[i + 1])) end
function op.note(i) keep_until('note', ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]) end
-- ID ADAPTER TALK TO PAYLOAD NOW
function op.add(i, news)
    local id, adapter, talk, now = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 6]
    local out = key('out', adapter)
    if call('EXISTS', out) == 0 then call('XGROUP', 'CREATE', out, GROUP, '0', 'MKSTREAM') end
    local entry = call('XADD', out, '*', 'id', id, 'talk', talk, 'to', ARGV[i + 4], 'payload', ARGV[i + 5])
    call('RPUSH', queue(adapter, talk), id)
    call('HSET', key('delivery', id), 'adapter', adapter, 'talk', talk, 'entry', entry, 'owner', '', 'next', now, 'attempts', 0,
        'unsure', 0, 'created', now, 'under_way', 0, 'was_unsure', 0)
    call('INCR', base .. 'waiting')
    call('SADD', base .. 'adapters', adapter)
    if may_take(adapter) then read_new(news, adapter, 100) end
end
function op.begin(i, news, touched)
    local d = ours(ARGV[i + 1])
    if not d then return end
    set(d, 'under_way', 1, 'was_unsure', d.unsure, 'unsure', 1, 'attempts', d.attempts + 1)
    give(d, me)
    touched[d.id] = true
end
-- ID NEXT UNSURE
function op.again(i, news, touched)
    local d = ours(ARGV[i + 1])
    if not d then return end
    set(d, 'under_way', 0, 'next', ARGV[i + 2], 'unsure', ARGV[i + 3])
    touched[d.id] = true
end
-- ID NEXT
function op.off(i, news, touched)
    local d = ours(ARGV[i + 1])
    if not d then return end
    local begun = d.under_way == '1'
    set(d, 'under_way', 0, 'next', ARGV[i + 2], 'attempts', d.attempts - (begun and 1 or 0), 'unsure',
        begun and d.was_unsure or d.unsure)
    touched[d.id] = true
end
-- Whoever has it in charge now: it arrived, or never will.
function op.done(i, news, touched)
    local d = read(ARGV[i + 1])
    if d then finish(news, d) end
    touched[ARGV[i + 1]] = nil
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

-- ARGV: TURN GAPS_MAX OP...
local function commit()
    local gone = lost()
    if gone then return gone end
    local news, touched, i = {}, {}, 5
    while i <= #ARGV do
        op[ARGV[i]](i, news, touched)
        i = i + size[ARGV[i]]
    end
    for id in pairs(touched) do
        local d = ours(id)
        if d then tell(news, d) end
    end
    evict(tonumber(ARGV[4]))
    return {'ok', call('GET', base .. 'waiting') or '0', news}
end

-- ARGV: TURN, then claim NAME or hold NAME ...: the turn was given up.
local function free()
    for i = 4, #ARGV, 2 do
        local name = key(ARGV[i] == 'claim' and 'claim' or 'turn', ARGV[i + 1])
        if call('GET', name) == mark() then call('DEL', name) end
    end
    return 'ok'
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

-- ARGV: ADAPTER IDLE_MS NEXT COUNT CURSOR: from replicas that are gone, and what nobody has read. Returns how far it came.
local function take()
    local adapter, news = ARGV[3], {}
    if call('EXISTS', key('out', adapter)) == 0 or not may_take(adapter) then return {'0-0', news} end
    local got = call('XAUTOCLAIM', key('out', adapter), GROUP, me, ARGV[4], ARGV[7], 'COUNT', ARGV[6])
    for _, item in ipairs(got[2]) do
        local d = read(item[2][2])
        if not d then
            drop_entry(adapter, item[1])
        elseif d.owner ~= me then
            if d.under_way == '1' then
                set(d, 'under_way', 0, 'unsure', 1, 'next', ARGV[5])
                d.under_way, d.unsure, d.next = '0', '1', ARGV[5]
            end
            take_charge(news, d)
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

-- ARGV: ID...: still alive and at it. Returns those that are not ours any more.
local function keep()
    local gone = {}
    for i = 3, #ARGV do
        local d = ours(ARGV[i])
        if d then give(d, me) else gone[#gone + 1] = ARGV[i] end
    end
    return gone
end

-- ARGV: IDLE_MS, lease NAME or delivery ID ...: whoever comes next may have them at once.
local function leave()
    for i = 4, #ARGV, 2 do
        local d = ARGV[i] == 'delivery' and ours(ARGV[i + 1])
        if d then
            call('XCLAIM', key('out', d.adapter), GROUP, me, 0, d.entry, 'IDLE', ARGV[3], 'JUSTID')
        elseif ARGV[i] == 'lease' and call('GET', key('lease', ARGV[i + 1])) == me then
            call('DEL', key('lease', ARGV[i + 1]))
        end
    end
    return 'ok'
end

-- ARGV: IDLE_MS: consumers of replicas that are long gone, and have nothing left. Returns all adapters.
local function sweep()
    local adapters = call('SMEMBERS', base .. 'adapters')
    for _, adapter in ipairs(adapters) do
        for _, fields in ipairs(call('EXISTS', key('out', adapter)) == 1 and call('XINFO', 'CONSUMERS', key('out', adapter), GROUP) or {}) do
            local consumer = {}
            for i = 1, #fields, 2 do consumer[fields[i]] = fields[i + 1] end
            if consumer.pending == 0 and consumer.name ~= me and consumer.idle > tonumber(ARGV[3]) then
                call('XGROUP', 'DELCONSUMER', key('out', adapter), GROUP, consumer.name)
            end
        end
    end
    return adapters
end

-- ARGV: MOST: text, kind, count, first, last of each.
local function gaps()
    local rows = {}
    for _, name in ipairs(call('ZREVRANGE', base .. 'gaps', 0, tonumber(ARGV[3]) - 1)) do
        for _, v in ipairs(call('HMGET', key('gap', name), 'text', 'kind', 'count', 'first', 'last')) do rows[#rows + 1] = v or '' end
    end
    return rows
end

local procedures = {look = look, commit = commit, free = free, beat = beat, take = take, mine = mine, keep = keep, leave = leave,
    sweep = sweep, gaps = gaps}
return procedures[ARGV[1]]()
