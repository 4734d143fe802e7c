-- A big organization in a database with the demo's people: threads of ten messages, the first one of sixty.
-- :messages and :threads are replaced by numbers. Most threads are closed, as in life; two years of them.
INSERT INTO reservations_property (public_id, organization_id, name, timezone, address)
SELECT 'p' || lpad(g::text, 9, '0'), o.id, 'House ' || g, 'Europe/Lisbon', ''
FROM generate_series(1, 40) g, (SELECT id FROM accounts_organization WHERE slug = 'harbour-house') o;

INSERT INTO reservations_unit
  (public_id, organization_id, property_id, name, title, check_in_time, check_out_time, wifi, parking, condition,
   condition_note, do_not_disturb)
SELECT 'u' || lpad(g::text, 9, '0'), p.organization_id, p.id, 'Flat ' || g, '', '15:00', '11:00', '', '', '', '', false
FROM generate_series(1, 400) g
JOIN (SELECT id, organization_id, row_number() OVER (ORDER BY id) AS n FROM reservations_property) p ON p.n = 1 + g % 40;

INSERT INTO reservations_guest (public_id, organization_id, full_name, language, notes, tags, created_at)
SELECT 'g' || lpad(g::text, 9, '0'), o.id,
  (ARRAY['Maria','John','Aiko','Pierre','Lena','Omar','Sofia','Jan'])[1 + g % 8] || ' ' ||
  (ARRAY['Silva','Smith','Tanaka','Martin','Weber','Haddad','Rossi','Novak'])[1 + (g / 8) % 8] || ' ' || g,
  'en', '', '{}', now()
FROM generate_series(1, :threads) g, (SELECT id FROM accounts_organization WHERE slug = 'harbour-house') o;

CREATE TEMP TABLE plan AS
SELECT g AS n, x.organization_id, x.connection_id, gu.id AS guest_id, un.id AS unit_id, un.property_id,
  (now() - (:threads - g) * interval '1 second' * (63072000.0 / :threads))::timestamptz AS last_at,
  (CASE WHEN g > :threads * 0.98 THEN 'open' WHEN g > :threads * 0.975 THEN 'snoozed' ELSE 'closed' END) AS status
FROM generate_series(1, :threads) g
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM reservations_guest) gu ON gu.n = g
JOIN (SELECT id, property_id, row_number() OVER (ORDER BY id) AS n FROM reservations_unit) un ON un.n = 1 + g % 400,
  (SELECT c.id AS connection_id, c.organization_id FROM connectors_connection c) x;

INSERT INTO reservations_reservation
  (public_id, organization_id, connection_id, remote_id, conversation_id, code, channel_code, status, status_raw, arrival_date,
   departure_date, source, source_raw, rate_plan, door_code, notes, custom_fields, cancelled_by, is_owner_stay, is_test,
   as_of, guest_id, property_id, unit_id, adults)
SELECT 'r' || lpad(n::text, 9, '0'), organization_id, connection_id, 'res' || n, 'conv' || n, 'HB' || n, '', 'confirmed',
  'confirmed', last_at::date, last_at::date + 4, 'airbnb', 'airbnb2', '', '', '{}', '{}', '', false, false, last_at,
  guest_id, property_id, unit_id, 2
FROM plan;

INSERT INTO inbox_thread
  (public_id, organization_id, connection_id, conversation_id, property_id, guest_id, stay_id, party_name, channel,
   channel_raw, language, status, snoozed_until, waiting_since, last_activity_at, preview, preview_author, version,
   created_at, assignee_id, arrives_on, conversation_told)
SELECT 't' || lpad(n::text, 9, '0'), p.organization_id, p.connection_id, 'conv' || n, p.property_id, p.guest_id, r.id,
  g.full_name, 'airbnb', 'airbnb2', 'en', p.status, CASE WHEN p.status = 'snoozed' THEN now() + interval '1 day' END,
  CASE WHEN p.status = 'open' AND n % 4 = 0 THEN last_at END, last_at, 'When can we come?', '', 1, last_at,
  CASE WHEN p.status <> 'closed' AND n % 3 = 0 THEN a.id END, r.arrival_date, ''
FROM plan p
JOIN reservations_reservation r ON r.remote_id = 'res' || p.n AND r.connection_id = p.connection_id
JOIN reservations_guest g ON g.id = p.guest_id,
  (SELECT id FROM accounts_user WHERE email = 'agent@demo.example') a
ORDER BY n;

INSERT INTO inbox_thread_stays (thread_id, reservation_id) SELECT id, stay_id FROM inbox_thread;

-- A common word in every fifth message, "lighthouse" only in the oldest ones, "zebra" once in fifty thousand.
INSERT INTO inbox_message
  (public_id, organization_id, thread_id, connection_id, reservation_id, direction, author, author_name, channel, body,
   language, sent_at, created_at, arrived_late, keep_if_cancelled, remote_id, client_token, search)
SELECT 'm' || lpad(m.n::text, 9, '0'), t.organization_id, t.id, t.connection_id, t.stay_id,
  CASE WHEN m.n % 2 = 0 THEN 'inbound' ELSE 'outbound' END, CASE WHEN m.n % 2 = 0 THEN 'guest' ELSE 'pms_staff' END,
  t.party_name, 'airbnb', m.body, 'en', m.at, m.at, false, false, 'post' || m.n, '', to_tsvector('simple', lower(m.body))
FROM (
  SELECT g AS n, CASE WHEN g > :messages - 50 THEN 1 ELSE 1 + ((g - 1)::bigint * :threads / :messages) END AS thread_n,
    now() - (:messages - g) * interval '1 second' * (63072000.0 / :messages) AS at,
    'Hello, this is message ' || g || ' about ' ||
    (ARRAY['parking','breakfast','the keys','towels','the pool'])[1 + g % 5] || ' of our stay.' ||
    CASE WHEN g <= 8 THEN ' We saw the lighthouse.' ELSE '' END ||
    CASE WHEN g % 50000 = 7 THEN ' And a zebra.' ELSE '' END AS body
  FROM generate_series(1, :messages) g
) m
JOIN inbox_thread t ON t.public_id = 't' || lpad(m.thread_n::text, 9, '0')
ORDER BY m.n;

UPDATE reservations_unit SET search = to_tsvector('simple', lower(name));
UPDATE reservations_guest SET search = to_tsvector('simple', lower(full_name));
UPDATE inbox_thread t SET last_message_id = m.last, last_inbound_id = m.inbound, search = to_tsvector('simple', lower(t.party_name))
FROM (
  SELECT thread_id, max(id) AS last, max(id) FILTER (WHERE direction = 'inbound') AS inbound
  FROM inbox_message GROUP BY thread_id
) m WHERE m.thread_id = t.id;

INSERT INTO inbox_receipt
  (organization_id, message_id, thread_id, destination, state, checking, reason, reason_code, since, thread_due)
SELECT m.organization_id, m.id, m.thread_id, d, CASE WHEN m.id % 20000 = 1 THEN 'failed' ELSE 'delivered' END, false, '',
  '', m.sent_at, false
FROM inbox_message m, unnest(ARRAY['guest', 'pms']) d WHERE m.direction = 'outbound' AND m.id % 4 = 1;

INSERT INTO inbox_threadread (user_id, thread_id, last_read_id, marked_unread, at)
SELECT u.id, t.id, coalesce(t.last_message_id, 0), false, now()
FROM inbox_thread t, (SELECT id FROM accounts_user WHERE email = 'agent@demo.example') u WHERE t.id % 3 = 0;

INSERT INTO core_livecounter (organization_id, last_number)
SELECT id, 1 FROM accounts_organization ON CONFLICT DO NOTHING;
