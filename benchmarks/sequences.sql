-- Every stay on a sequence with ten messages ahead, spread over two years from tomorrow on; a twentieth of them on one
-- that is paused, all of whose messages are due. In a database of benchmarks/million.sql.
INSERT INTO reservations_sequence (public_id, organization_id, name, library_key, state, draft, touched, draft_at, created_at)
SELECT 'bench-' || state, o.id, 'Bench ' || state, '', state, '{}', '{}', now(), now()
FROM unnest(ARRAY['live', 'paused']) state, (SELECT id FROM accounts_organization WHERE slug = 'harbour-house') o;

INSERT INTO reservations_sequenceversion (sequence_id, number, definition, published_at)
SELECT id, 1, jsonb_build_object('steps', (SELECT jsonb_agg(jsonb_build_object(
  'key', 's' || n, 'name', 'Step ' || n, 'when', jsonb_build_object('anchor', 'arrival', 'days', -n, 'at', '10:00'),
  'channels', jsonb_build_array('pms'), 'language', 'en', 'late', 'skip',
  'texts', jsonb_build_object('en', jsonb_build_object('body', 'Hello {{ guest.first_name }}, ' || n))))
  FROM generate_series(1, 10) n)), now()
FROM reservations_sequence WHERE public_id LIKE 'bench-%';
UPDATE reservations_sequence s SET live_id = v.id FROM reservations_sequenceversion v WHERE v.sequence_id = s.id;

INSERT INTO reservations_enrollment (organization_id, sequence_id, version_id, reservation_id, state, reason, enrolled_at)
SELECT r.organization_id, s.id, s.live_id, r.id, 'active', '', now()
FROM reservations_reservation r
JOIN reservations_sequence s ON s.public_id = CASE WHEN r.id % 20 = 0 THEN 'bench-paused' ELSE 'bench-live' END;

INSERT INTO reservations_scheduledmessage
  (public_id, organization_id, enrollment_id, sequence_id, reservation_id, step_key, occurrence, due_at, state, reason,
   detail, edited, channel, address, command_ids)
SELECT 'x' || lpad(row_number() OVER ()::text, 10, '0'), e.organization_id, e.id, e.sequence_id, e.reservation_id, 's' || n, 0,
  CASE WHEN s.state = 'paused' THEN now() - interval '1 hour'
       ELSE now() + interval '1 day' + (e.reservation_id % 730) * interval '1 day' + n * interval '1 minute' END,
  'planned', '', '{}', '', '', '', '{}'
FROM reservations_enrollment e JOIN reservations_sequence s ON s.id = e.sequence_id, generate_series(1, 10) n
WHERE s.public_id LIKE 'bench-%';
ANALYZE reservations_scheduledmessage, reservations_enrollment, reservations_sequence;
