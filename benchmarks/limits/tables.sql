-- Tables of the programs of the bare stack.
CREATE TABLE delivery (id bigserial PRIMARY KEY, body bytea);
CREATE TABLE message (id bigserial PRIMARY KEY, body text);
CREATE TABLE outbox (
  id bigserial PRIMARY KEY, conversation text, body text, state text DEFAULT 'waiting',
  due_at timestamptz DEFAULT now(), answer int
);
CREATE INDEX ON outbox (due_at) WHERE state = 'waiting';
CREATE TABLE row (
  id bigserial PRIMARY KEY, organization_id bigint, at timestamptz, name text, place text, preview text, waiting boolean
);
CREATE TABLE entry (id bigserial PRIMARY KEY, thread_id bigint, at timestamptz, direction text, author text, body text);
