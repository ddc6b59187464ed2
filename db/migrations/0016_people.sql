-- What goes out to people: carriers (SMS gateways, mail servers, robots of chat groups), each recipient's ways in their order, the texts,
-- and letters. A letter is a row before it is sent; by which way and in which state is core/tell.h's to say, and the notification
-- service alone writes it. Numbers and addresses of people lie sealed; texts are not kept, they are made of the notices anew.

CREATE TABLE carrier (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name            text NOT NULL UNIQUE,
  settings        text NOT NULL,                            -- JSON, services/kit/carrier.h
  secret_sealed   bytea,                                    -- null: it needs none
  receipt_hash    bytea NOT NULL,                           -- of the secret that its receipts come with
  changed_at      bigint NOT NULL
);

CREATE TABLE way (                                          -- one way of a person, or of a unit's desk
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account         bigint REFERENCES account ON DELETE CASCADE,
  unit            integer REFERENCES unit,
  position        smallint NOT NULL,                        -- the lowest is tried first
  carrier         bigint NOT NULL REFERENCES carrier,
  address_sealed  bytea NOT NULL,
  language        text NOT NULL CHECK (language IN ('zh', 'en')),
  CHECK ((account IS NULL) <> (unit IS NULL)),
  UNIQUE (account, position) DEFERRABLE INITIALLY DEFERRED,
  UNIQUE (unit, position) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE template (                                     -- texts that differ from the built-in ones (services/kit/template.def)
  name        text NOT NULL,
  language    text NOT NULL CHECK (language IN ('zh', 'en')),
  subject     text NOT NULL,
  body        text NOT NULL,
  changed_at  bigint NOT NULL,
  changed_by  bigint NOT NULL,
  PRIMARY KEY (name, language)
);

ALTER TABLE notice ADD COLUMN reminder boolean NOT NULL DEFAULT false; -- a rung told again
ALTER TABLE notice ADD COLUMN alone boolean NOT NULL DEFAULT false;    -- struct tell_when
ALTER TABLE notice ADD COLUMN tell_at bigint NOT NULL DEFAULT 0;       -- when it goes out; 0: before there were letters
ALTER TABLE notice ADD COLUMN letter bigint NOT NULL DEFAULT 0;        -- 0: not yet; -1: it does not go out
CREATE INDEX notice_to_tell ON notice (tell_at) WHERE letter = 0 AND tell_at > 0;
CREATE INDEX notice_letter ON notice (letter) WHERE letter > 0;

CREATE TABLE letter (
  id          bigint PRIMARY KEY DEFAULT nextval('delivery_id_seq'), -- so the desk of dead letters has one number for each
  created_at  bigint NOT NULL,
  notice      bigint NOT NULL UNIQUE,                       -- the first it tells: a letter is made once, whatever happens in between
  person      bigint NOT NULL,                              -- 0: the desk of the unit
  unit        integer NOT NULL,
  count       integer NOT NULL,                             -- of notices
  state       smallint NOT NULL DEFAULT 1,                  -- enum letter_state
  way         bigint NOT NULL,                              -- the one it takes now, its place in the order, and its carrier
  position    smallint NOT NULL,
  carrier     bigint NOT NULL,
  tries       smallint NOT NULL DEFAULT 0,                  -- by this way
  attempts    smallint NOT NULL DEFAULT 0,                  -- by all
  taken       boolean NOT NULL DEFAULT false,
  next_at     bigint NOT NULL,
  ended_at    bigint NOT NULL DEFAULT 0,
  status      integer NOT NULL DEFAULT 0,
  error       text NOT NULL DEFAULT ''
);
CREATE INDEX letter_due ON letter (carrier, next_at, id) WHERE state = 1;
CREATE INDEX letter_sent ON letter (next_at) WHERE state = 5;
CREATE INDEX letter_dead ON letter (id) WHERE state = 3;

CREATE TABLE letter_attempt (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  letter     bigint NOT NULL,
  way        bigint NOT NULL,
  carrier    bigint NOT NULL,
  at         bigint NOT NULL,
  event      smallint NOT NULL,                             -- enum tell_event
  outcome    smallint NOT NULL,                             -- services/kit/attempt.h; 0: a receipt, or none in time
  status     integer NOT NULL,
  took_ms    integer NOT NULL,
  reference  text NOT NULL DEFAULT '',                      -- the carrier's own number of it
  why        text NOT NULL DEFAULT ''
);
CREATE INDEX letter_attempt_letter ON letter_attempt (letter);
CREATE INDEX letter_attempt_reference ON letter_attempt (carrier, reference) WHERE reference <> '';

CREATE TABLE receipt (                                      -- as it came in; taken by whoever writes letters
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         bigint NOT NULL,
  carrier    bigint NOT NULL,
  event      smallint NOT NULL,                             -- enum tell_event
  letter     bigint NOT NULL DEFAULT 0,                     -- when it names our own number, and the way in it
  way        bigint NOT NULL DEFAULT 0,
  reference  text NOT NULL DEFAULT '',                      -- else the carrier's
  said       text NOT NULL DEFAULT ''
);

CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON carrier FOR EACH STATEMENT EXECUTE FUNCTION tell_endpoints();
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON template FOR EACH STATEMENT EXECUTE FUNCTION tell_endpoints();
CREATE TRIGGER tell AFTER INSERT ON receipt FOR EACH STATEMENT EXECUTE FUNCTION tell_endpoints();

-- ---- grants
GRANT SELECT ON carrier, way, template TO paidan_notification;
GRANT SELECT, INSERT, UPDATE ON letter TO paidan_notification;
GRANT SELECT, INSERT ON letter_attempt TO paidan_notification;
GRANT SELECT, DELETE ON receipt TO paidan_notification;
GRANT UPDATE (letter) ON notice TO paidan_notification;
GRANT USAGE ON SEQUENCE delivery_id_seq TO paidan_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON carrier, way, template TO paidan_console;
GRANT SELECT ON letter, letter_attempt TO paidan_console;
GRANT UPDATE (state, way, position, carrier, tries, attempts, taken, next_at, ended_at) ON letter TO paidan_console;
GRANT INSERT ON receipt TO paidan_console;
GRANT USAGE ON SEQUENCE carrier_id_seq, way_id_seq TO paidan_console; -- what is sealed is sealed to its row
