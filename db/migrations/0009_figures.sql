-- Figures, kept by the console from the event log (services/console/figures_keep.c). Nothing here is a truth of its own: it is the
-- fold of the events up to figure_state.seq by core/figures.h, and can be thrown away and counted again. One row a unit
-- with all below it (0: the whole district), day (yyyymmdd) or month (yyyymm) of the city, matter and channel; a counter that
-- is null is 0, which is what most of them are. The columns are those of core/figures.def, in its order (a test compares).

CREATE TABLE figure (
  shard smallint NOT NULL, unit integer NOT NULL, period integer NOT NULL, matter integer NOT NULL, channel smallint NOT NULL,
  received integer, closed integer, "left" integer, supervised integer, answered integer, answered_on_time integer,
  contact_due integer, contact_on_time integer, finished integer, finished_on_time integer, closings integer,
  closed_on_time integer, reached integer, unreachable integer, solved integer, satisfied integer, returned integer,
  reworked integer, extended integer, reopened integer, by_rule integer, by_hand integer, whistles integer,
  called integer, arrived integer, arrived_on_time integer, scores integer, score_sum integer, urged integer,
  supervisions integer, replies integer, replies_on_time integer, fallbacks integer, rung_urge integer,
  rung_warning integer, rung_yellow_card integer, rung_red_card integer, withdrawn_urge integer,
  withdrawn_warning integer, withdrawn_yellow_card integer, withdrawn_red_card integer, ended_closed integer,
  ended_void integer, ended_declined integer, ended_merged integer, ended_transferred integer,
  closed_at_center integer, closed_at_district integer, closed_at_street integer, closed_at_community integer,
  closed_at_grid integer, closed_at_building integer, closed_at_department integer, closed_at_enterprise integer,
  closed_at_pool integer, stays_received integer, stays_incomplete integer, stays_triage integer,
  stays_offered integer, stays_disputed integer, stays_handling integer, stays_suspended integer,
  stays_check integer, stays_callback integer, ms_received bigint, ms_incomplete bigint, ms_triage bigint,
  ms_offered bigint, ms_disputed bigint, ms_handling bigint, ms_suspended bigint, ms_check bigint,
  ms_callback bigint,
  PRIMARY KEY (shard, unit, period, matter, channel)
) WITH (fillfactor = 80);

CREATE TABLE figure_state (
  shard     smallint PRIMARY KEY,
  seq       bigint NOT NULL,                                -- events up to here are counted, each once
  at        bigint NOT NULL,                                -- time of that event
  refused   bigint NOT NULL,                                -- events that do not follow their ticket's last one: a damaged log
  formulas  integer NOT NULL,                               -- FIGURES_FORMULAS they were counted by
  tree      bytea NOT NULL                                  -- the organisation they were counted by: kind and parent of each unit
);

-- What happened between two places of the log was counted: moves on, or raises an error when another did so first, so that the
-- rows written with it in one transaction are written once.
CREATE FUNCTION figure_advance(shard_no smallint, from_seq bigint, to_seq bigint, to_at bigint, new_refused bigint,
                               by_formulas integer, by_tree bytea) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO figure_state VALUES (shard_no, 0, 0, 0, by_formulas, by_tree) ON CONFLICT DO NOTHING;
  UPDATE figure_state SET seq = to_seq, at = to_at, refused = refused + new_refused, formulas = by_formulas, tree = by_tree
   WHERE shard = shard_no AND seq = from_seq;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the figures of shard % are not counted to %', shard_no, from_seq USING ERRCODE = 'PD002';
  END IF;
END $$;

-- Everything is counted anew from the first event on. Where there is one shard, by emptying the table: millions of rows go at once.
CREATE FUNCTION figure_restart(shard_no smallint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM FROM figure_state WHERE shard = shard_no FOR UPDATE;
  IF (SELECT min(shard) = shard_no AND max(shard) = shard_no FROM figure) THEN
    TRUNCATE figure;
  ELSE
    DELETE FROM figure WHERE shard = shard_no;
  END IF;
  DELETE FROM figure_state WHERE shard = shard_no;
END $$;

-- How rates are weighed (core/score.h); replaced as a whole by an import.
CREATE TABLE score_rule (
  no           integer PRIMARY KEY,                         -- row of the imported file
  kind         smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
  rate         text NOT NULL DEFAULT '',                    -- code of a rate; '': every one
  unit_kind    smallint NOT NULL DEFAULT 0,
  unit         integer REFERENCES unit,
  matter_from  integer NOT NULL DEFAULT 0,
  matter_to    integer NOT NULL DEFAULT 0,
  channel      smallint NOT NULL DEFAULT 0,
  value        integer NOT NULL,
  from_day     integer NOT NULL,
  to_day       integer NOT NULL DEFAULT 0,
  note         text NOT NULL DEFAULT ''
);

GRANT SELECT, INSERT, UPDATE, DELETE ON figure, figure_state, score_rule TO paidan_console;
REVOKE ALL ON FUNCTION figure_advance(smallint, bigint, bigint, bigint, bigint, integer, bytea), figure_restart(smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION figure_advance(smallint, bigint, bigint, bigint, bigint, integer, bytea), figure_restart(smallint)
  TO paidan_console;

-- The second wall, as for tickets: a unit's figures are seen by those whose scope holds the unit, the whole's by those who see all.
ALTER TABLE figure ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON figure TO paidan_console
  USING ((SELECT sees_everything()) OR unit = ANY ((SELECT units_in_scope())::integer[]))
  WITH CHECK ((SELECT sees_everything()));
