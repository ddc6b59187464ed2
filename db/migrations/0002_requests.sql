-- Requests, as they were said, once, immutable. request_key holds the promise "none twice": it is small, not partitioned, and
-- is what a repeat is compared with; request itself is partitioned by month (its number begins with the local date).
-- Which request has a ticket is the presence of its ticket_request row: what the router did not confirm is found by that.

-- CACHE 1: numbers are given out in order, so the router's sweep can tell from a number that nothing older is still to come.
CREATE SEQUENCE request_number AS bigint MINVALUE 1 MAXVALUE 999999999 START 1 CYCLE CACHE 1;

CREATE TABLE request_key (
  source       integer NOT NULL,
  external_id  text NOT NULL,
  request      bigint NOT NULL,
  received_at  bigint NOT NULL,
  content      bytea NOT NULL,                              -- hash of the content: same key and same content is a repeat
  PRIMARY KEY (source, external_id)
);

CREATE TABLE request (
  id            bigint NOT NULL,
  source        integer NOT NULL,
  external_id   text NOT NULL,
  channel       smallint NOT NULL,
  received_at   bigint NOT NULL,
  occurred_at   bigint,
  matter        integer NOT NULL DEFAULT 0,                 -- as a number, 0: none or not in the catalogue
  matter_given  text NOT NULL DEFAULT '',                   -- as it was said
  urgency       smallint NOT NULL DEFAULT 0,
  title         text NOT NULL DEFAULT '',
  description   text NOT NULL DEFAULT '',
  lon           double precision,
  lat           double precision,
  address       text NOT NULL DEFAULT '',
  grid_given    text NOT NULL DEFAULT '',
  place         integer NOT NULL DEFAULT 0,                 -- found at the door
  place_by      smallint NOT NULL DEFAULT 0,
  dedicated     boolean NOT NULL DEFAULT false,
  confidential  boolean NOT NULL DEFAULT false,
  name_sealed   bytea,                                      -- AEAD, bound to table, column and row
  phone_sealed  bytea,
  document_sealed bytea,
  phone_index   bytea,                                      -- blind index
  attachments   jsonb,
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TABLE request_default PARTITION OF request DEFAULT;
CREATE INDEX request_phone ON request (phone_index) WHERE phone_index IS NOT NULL;

CREATE TABLE ticket_request (
  request  bigint NOT NULL,
  ticket   bigint NOT NULL,                                 -- the ticket that answers it now
  origin   bigint NOT NULL,                                 -- the ticket made for it; differs while merged
  PRIMARY KEY (request)
) PARTITION BY RANGE (request);
CREATE TABLE ticket_request_default PARTITION OF ticket_request DEFAULT;
CREATE INDEX ticket_request_ticket ON ticket_request (ticket);
CREATE INDEX ticket_request_origin ON ticket_request (origin) WHERE origin <> ticket;

-- What a source says later about a request of its own, by its own number: kept as said, in any order of arrival. What cannot be done
-- yet (no such request so far; a rating before the callback) waits here, where an operator sees it.
CREATE TABLE followup (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source       integer NOT NULL,
  external_id  text NOT NULL,                               -- of the request it is about
  message_id   text NOT NULL,                               -- the source's number of this message: what makes it happen once
  kind         text NOT NULL CHECK (kind IN ('supplement', 'urge', 'cancel', 'rating')),
  note         text NOT NULL DEFAULT '',
  solved       boolean NOT NULL DEFAULT false,              -- of a rating
  satisfied    boolean NOT NULL DEFAULT false,
  content      bytea NOT NULL,                              -- hash: the same number with the same content is a repeat
  received_at  bigint NOT NULL,
  user_id      bigint NOT NULL,
  role         smallint NOT NULL,
  unit         integer NOT NULL,
  state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
  verdict      integer NOT NULL DEFAULT 0,                  -- enum verdict, of what was refused
  ticket       bigint NOT NULL DEFAULT 0,                   -- it was done to
  ended_at     bigint NOT NULL DEFAULT 0,
  UNIQUE (source, message_id)
);
CREATE INDEX followup_waiting ON followup (id) WHERE state = 'waiting';
CREATE INDEX followup_request ON followup (source, external_id);

CREATE TABLE parked (                                       -- what PostgreSQL refused to store; never retried unchanged
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        bigint NOT NULL,
  service   text NOT NULL,
  sqlstate  text NOT NULL,
  what      text NOT NULL,                                  -- kind of message, no content
  number    bigint NOT NULL DEFAULT 0,                      -- its request or ticket
  body      bytea NOT NULL
);
CREATE INDEX parked_number ON parked (number);
