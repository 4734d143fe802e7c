-- What the bare pages show: as many rows as the product has threads.
INSERT INTO row (organization_id, at, name, place, preview, waiting)
SELECT 1, now() - g * interval '1 minute', 'Guest ' || g, 'Flat ' || g % 400, 'Hello, this is message ' || g, g % 4 = 0
FROM generate_series(1, 100000) g;
CREATE INDEX ON row (organization_id, at DESC, id DESC);
INSERT INTO entry (thread_id, at, direction, author, body)
SELECT 1 + g / 60, now() - g * interval '1 minute', CASE WHEN g % 2 = 0 THEN 'inbound' ELSE 'outbound' END, 'Maria',
  'Hello, this is message ' || g || ' about the keys of our stay.'
FROM generate_series(1, 6000) g;
CREATE INDEX ON entry (thread_id, at DESC, id DESC);
ANALYZE;
