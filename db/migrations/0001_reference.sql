-- Reference data: units, matters, policies, calendars, admission, place names. Loaded by `paidan ... import`; every load
-- raises world.version in the same transaction, and services reload when they see it. Times everywhere are UTC milliseconds
-- (bigint) handed in by the caller: SQL never asks for the time. Words (state, kind, role ...) are the numbers of
-- proto/words.def.

CREATE TABLE world (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  version  integer NOT NULL,
  recount  integer NOT NULL DEFAULT 0,                     -- version since which open tickets must be looked at anew
  as_of    bigint NOT NULL DEFAULT 0                       -- time up to which dated changes are in force (organisation_apply)
);
INSERT INTO world (version) VALUES (1);

CREATE TABLE world_load (                                  -- what was loaded, so that an event can say why deadlines moved
  version  integer PRIMARY KEY,                            -- world.version it made
  kind     text NOT NULL,                                  -- calendars, policies, units ...
  names    text NOT NULL DEFAULT '',                       -- which of them: codes, commas between
  at       bigint NOT NULL
);

CREATE TABLE calendar (
  id    integer PRIMARY KEY CHECK (id BETWEEN 0 AND 63),   -- 0 is the default calendar
  code  text NOT NULL UNIQUE
);
CREATE TABLE calendar_row (
  calendar  integer NOT NULL REFERENCES calendar,
  no        integer NOT NULL,                              -- line of the imported file
  kind      text NOT NULL,                                 -- columns of core/calendar.h, as text
  from_day  text NOT NULL DEFAULT '',
  to_day    text NOT NULL DEFAULT '',
  weekdays  text NOT NULL DEFAULT '',
  spans     text NOT NULL DEFAULT '',
  name_zh   text NOT NULL DEFAULT '',
  name_en   text NOT NULL DEFAULT '',
  PRIMARY KEY (calendar, no)
);

CREATE TABLE policy (
  id                      integer PRIMARY KEY CHECK (id BETWEEN 0 AND 63),   -- 0 is the policy "standard"
  code                    text NOT NULL UNIQUE,
  returns_before_dispute  smallint NOT NULL DEFAULT 2,
  extensions_max          smallint NOT NULL DEFAULT 2,
  callback_tries_max      smallint NOT NULL DEFAULT 3,
  reopen_limit            text NOT NULL DEFAULT '30nd',
  quiet                   text NOT NULL DEFAULT ''                             -- quiet hours: 22:00-07:00; empty: none
);
CREATE TABLE policy_limit (
  policy    integer NOT NULL REFERENCES policy,
  stage     smallint NOT NULL,
  urgency   smallint NOT NULL,
  limit_text text NOT NULL,                                -- text form of core/limit.h
  PRIMARY KEY (policy, stage, urgency)
);
CREATE TABLE policy_rung (
  policy   integer NOT NULL REFERENCES policy,
  rung     smallint NOT NULL,
  percent  integer NOT NULL CHECK (percent BETWEEN 0 AND 1000),
  PRIMARY KEY (policy, rung)
);

CREATE TABLE unit (
  id         integer PRIMARY KEY CHECK (id BETWEEN 1 AND 19999),
  code       text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9-]{1,16}$'),
  kind       smallint NOT NULL,
  parent     integer REFERENCES unit DEFERRABLE INITIALLY DEFERRED,
  name_zh    text NOT NULL,
  name_en    text NOT NULL,
  calendar   integer NOT NULL DEFAULT 0 REFERENCES calendar,
  dedicated  boolean NOT NULL DEFAULT false,
  closed     boolean NOT NULL DEFAULT false,
  closed_at  bigint NOT NULL DEFAULT 0,                    -- effective date of the change that closed it
  closed_for text NOT NULL DEFAULT '',                     -- its reason: stands in the event of each ticket that followed
  quiet      text NOT NULL DEFAULT '',                     -- quiet hours: 22:00-07:00; - never; empty: the policy's
  review     boolean NOT NULL DEFAULT false,               -- what it finishes is looked at inside the unit first (L41)
  staffed    boolean NOT NULL DEFAULT false,               -- somebody holds a role in it (kept by account changes)
  lon        double precision,
  lat        double precision,
  area       bytea                                          -- (multi)polygon as WKB, lon/lat
);

CREATE TABLE matter (
  code        integer PRIMARY KEY CHECK (code BETWEEN 1 AND 999999),
  level1_zh   text NOT NULL, level1_en text NOT NULL,
  level2_zh   text NOT NULL, level2_en text NOT NULL,
  name_zh     text NOT NULL, name_en   text NOT NULL,
  department  integer NOT NULL REFERENCES unit,
  assists     integer[] NOT NULL DEFAULT '{}',
  start       smallint NOT NULL,
  urgency     smallint NOT NULL,
  policy      integer NOT NULL DEFAULT 0 REFERENCES policy,
  public      boolean NOT NULL DEFAULT true,
  sensitive   boolean NOT NULL DEFAULT false
);
CREATE TABLE matter_limit (                                 -- overrides of the policy
  matter     integer NOT NULL REFERENCES matter ON DELETE CASCADE,
  stage      smallint NOT NULL,
  limit_text text NOT NULL,
  PRIMARY KEY (matter, stage)
);

CREATE TABLE admission (                                    -- 准入清单: what a community may be given
  community    integer REFERENCES unit,                     -- null: every community
  matter_from  integer NOT NULL,
  matter_to    integer NOT NULL CHECK (matter_to >= matter_from)
);

CREATE TABLE place (                                        -- place names found in addresses
  pattern  text PRIMARY KEY,                                -- folded by common/text before it is stored
  unit     integer NOT NULL REFERENCES unit
);

CREATE TABLE source (                                       -- systems that push requests
  id       integer PRIMARY KEY,
  code     text NOT NULL UNIQUE CHECK (length(code) BETWEEN 1 AND 40),
  channel  smallint NOT NULL,
  name_zh  text NOT NULL DEFAULT '',
  name_en  text NOT NULL DEFAULT '',
  mapping  text NOT NULL DEFAULT ''                        -- how it says things, the file it was loaded from; empty: in our words
);

CREATE TABLE routing_rule (                                 -- 派单规则, docs/rules.md R11 to R17; what is 0 or null is not asked
  number          integer PRIMARY KEY CHECK (number BETWEEN 1 AND 999999),   -- never used again
  version         integer NOT NULL DEFAULT 1,
  name            text NOT NULL DEFAULT '',
  priority        integer NOT NULL,
  disabled        boolean NOT NULL,
  from_at         bigint NOT NULL,
  to_at           bigint NOT NULL,
  without_matter  boolean NOT NULL,
  matter_from     integer NOT NULL,
  matter_to       integer NOT NULL,
  place           integer REFERENCES unit,
  source          integer REFERENCES source,
  channels        integer NOT NULL,                         -- a bit for each
  hours           smallint NOT NULL,
  weekdays        smallint NOT NULL,                        -- bits 1 to 7
  minute_from     smallint NOT NULL,
  minute_to       smallint NOT NULL,
  words           text NOT NULL,                            -- keywords as they were written
  target          smallint NOT NULL,
  unit            integer REFERENCES unit,
  assists         integer[] NOT NULL,
  urgency         smallint NOT NULL,
  set_matter      integer NOT NULL,
  note            text NOT NULL,
  author          text NOT NULL,                            -- login of who wrote this version
  changed_at      bigint NOT NULL
);
CREATE TABLE routing_rule_version (                         -- every version there ever was
  number      integer NOT NULL,
  version     integer NOT NULL,
  changed_at  bigint NOT NULL,
  user_id     bigint NOT NULL,
  author      text NOT NULL,
  fields      text[] NOT NULL,                              -- columns of the file, as `paidan rule export` writes them
  PRIMARY KEY (number, version)
);
