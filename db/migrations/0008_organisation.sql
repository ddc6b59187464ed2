-- The organisation in time: posts people hold, absences with who stands in, rosters, hand-overs of the desk, changes of units with
-- their effective dates, and notices people read. What is dated becomes true in organisation_apply alone, which escalation calls
-- at each date (rules W4 to W9). Times: `to_at` is the first moment after it; 0: no end.

CREATE TABLE post (                                         -- the active one stands in account.role and account.unit
  account  bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  unit     integer NOT NULL REFERENCES unit,
  role     smallint NOT NULL,
  rank     smallint NOT NULL DEFAULT 1,
  from_at  bigint NOT NULL DEFAULT 0,
  to_at    bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (account, unit, role)
);
CREATE INDEX post_unit ON post (unit);

CREATE TABLE absence (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account   bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  from_at   bigint NOT NULL,
  to_at     bigint NOT NULL CHECK (to_at > from_at),
  stand_in  bigint REFERENCES account ON DELETE SET NULL,
  reason    text NOT NULL DEFAULT ''
);
CREATE INDEX absence_account ON absence (account);

CREATE TABLE roster (
  unit     integer NOT NULL REFERENCES unit,
  from_at  bigint NOT NULL,
  to_at    bigint NOT NULL CHECK (to_at > from_at),
  account  bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  PRIMARY KEY (unit, from_at, account)
);

CREATE TABLE handover (                                     -- of a unit's desk from one shift to the next
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  unit      integer NOT NULL REFERENCES unit,
  at        bigint NOT NULL,
  giver     bigint NOT NULL,
  taker     bigint NOT NULL DEFAULT 0,                      -- 0: whoever of the unit comes next
  note      text NOT NULL,
  open      integer NOT NULL,                               -- tickets whose turn it was the unit's then, and those past due
  overdue   integer NOT NULL,
  tickets   bigint[] NOT NULL DEFAULT '{}',                 -- those the note points out
  taken_at  bigint NOT NULL DEFAULT 0,
  taken_by  bigint NOT NULL DEFAULT 0
);
CREATE INDEX handover_unit ON handover (unit, id);

CREATE TABLE unit_change (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  unit        integer NOT NULL REFERENCES unit,
  kind        smallint NOT NULL,                            -- enum unit_change
  target      integer REFERENCES unit,                      -- new parent; the unit it goes into
  at          bigint NOT NULL,                              -- effective date
  reason      text NOT NULL,
  ordered_by  bigint NOT NULL,
  ordered_at  bigint NOT NULL,
  applied_at  bigint NOT NULL DEFAULT 0,                    -- 0: still to come
  outcome     text NOT NULL DEFAULT ''                      -- applied, or why it could not be
);
CREATE INDEX unit_change_pending ON unit_change (at, id) WHERE applied_at = 0;

CREATE TABLE notice (                                       -- what people read; made by notification from events
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  created_at  bigint NOT NULL,
  unit        integer NOT NULL,
  person      bigint NOT NULL DEFAULT 0,                    -- 0: everybody at the unit's desk
  told_as     smallint NOT NULL DEFAULT 0,
  ticket      bigint NOT NULL,
  seq         bigint NOT NULL,
  type        smallint NOT NULL,
  rung        smallint NOT NULL DEFAULT 0,
  stage       smallint NOT NULL DEFAULT 0,
  about       integer NOT NULL DEFAULT 0,                   -- the unit it is about
  at          bigint NOT NULL,
  not_before  bigint NOT NULL DEFAULT 0,                    -- quiet hours
  read_at     bigint NOT NULL DEFAULT 0,
  read_by     bigint NOT NULL DEFAULT 0
);
CREATE INDEX notice_person ON notice (person, id) WHERE person <> 0;
CREATE INDEX notice_unit ON notice (unit, id) WHERE person = 0;

-- What core/notice.c names, and what screens show as it happens (urged, whistled): who follows these looks at nothing else.
CREATE INDEX event_notice ON event (shard, seq) WHERE type IN (42, 43, 45, 50, 51, 52, 53, 61);

-- ---- posts keep up with accounts: whoever gets a role in a unit holds a post there; a transfer ends the old one, making another
-- post active does not (post_activate).
CREATE FUNCTION post_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.unit IS DISTINCT FROM NEW.unit OR OLD.role <> NEW.role)
     AND coalesce(current_setting('paidan.keep_posts', true), '') <> '1' THEN
    DELETE FROM post WHERE account = OLD.id AND unit = OLD.unit AND role = OLD.role;
  END IF;
  IF NEW.unit IS NOT NULL AND coalesce(current_setting('paidan.keep_posts', true), '') <> '1' THEN
    INSERT INTO post (account, unit, role) VALUES (NEW.id, NEW.unit, NEW.role) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER post_keep AFTER INSERT OR UPDATE OF unit, role ON account FOR EACH ROW EXECUTE FUNCTION post_keep();

CREATE FUNCTION is_away(person bigint, at bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM absence a WHERE a.account = person AND a.from_at <= at AND at < a.to_at)
$$;

-- Posts somebody may act in then: the own ones in force, and those of whom he or she stands in for (W7, W8).
CREATE FUNCTION posts_of(person bigint, at bigint)
RETURNS TABLE (unit integer, role smallint, rank smallint, for_account bigint) LANGUAGE sql STABLE AS $$
  SELECT p.unit, p.role, p.rank, p.account FROM post p
   WHERE p.from_at <= at AND (p.to_at = 0 OR at < p.to_at)
     AND (p.account = person OR p.account IN (SELECT a.account FROM absence a WHERE a.stand_in = person AND a.from_at <= at
                                                 AND at < a.to_at))
   ORDER BY p.account <> person, p.unit, p.role
$$;

-- Makes one of them the active post. False: there is no such post now.
CREATE FUNCTION post_activate(person bigint, of_unit integer, of_role integer, at bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM posts_of(person, at) p WHERE p.unit = of_unit AND p.role = of_role) THEN RETURN false; END IF;
  PERFORM set_config('paidan.keep_posts', '1', true);
  UPDATE account SET unit = of_unit, role = of_role WHERE id = person;
  PERFORM set_config('paidan.keep_posts', '', true);
  RETURN true;
END $$;

-- Keeps unit.staffed true for the units named (W8): somebody enabled holds a post there and is not away, or has a stand-in who is
-- not; a supervisor (role 2) alone staffs only the centre and a district (kinds 1, 2), as elsewhere nobody could sign. As of the time dated changes are in force. Raises world.version when that changes a unit; returns how many it changed.
CREATE FUNCTION staffed_refresh(units integer[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  changed integer;
  now_ms bigint := (SELECT as_of FROM world);
BEGIN
  UPDATE unit u SET staffed = NOT u.staffed
   WHERE u.id = ANY (units)
     AND u.staffed <> EXISTS (
       SELECT FROM post p JOIN account a ON a.id = p.account
        WHERE p.unit = u.id AND NOT a.disabled AND p.role BETWEEN 1 AND 6 AND (p.role <> 2 OR u.kind IN (1, 2))
          AND p.from_at <= now_ms AND (p.to_at = 0 OR now_ms < p.to_at)
          AND (NOT is_away(a.id, now_ms)
               OR EXISTS (SELECT FROM absence b JOIN account s ON s.id = b.stand_in
                           WHERE b.account = a.id AND b.from_at <= now_ms AND now_ms < b.to_at AND NOT s.disabled
                             AND NOT is_away(s.id, now_ms))));
  GET DIAGNOSTICS changed = ROW_COUNT;
  IF changed > 0 THEN UPDATE world SET version = version + 1; END IF;
  RETURN changed;
END $$;

-- What was the merged unit's is the other's from now on.
CREATE FUNCTION unit_inherit(gone integer, heir integer) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE unit SET parent = heir WHERE parent = gone;
  UPDATE matter SET department = heir WHERE department = gone;
  UPDATE matter SET assists = array(SELECT DISTINCT a FROM unnest(array_replace(assists, gone, heir)) a WHERE a <> department)
   WHERE gone = ANY (assists) OR (heir = department AND heir = ANY (assists));
  INSERT INTO admission SELECT heir, matter_from, matter_to FROM admission a WHERE community = gone AND NOT EXISTS
    (SELECT FROM admission b WHERE b.community = heir AND b.matter_from = a.matter_from AND b.matter_to = a.matter_to);
  DELETE FROM admission WHERE community = gone;
  UPDATE place SET unit = heir WHERE unit = gone;
  INSERT INTO roster SELECT heir, from_at, to_at, account FROM roster WHERE unit = gone ON CONFLICT DO NOTHING;
  DELETE FROM roster WHERE unit = gone;
  -- two units, two leaders: the one who comes along is a deputy
  INSERT INTO post SELECT account, heir, role, CASE WHEN rank = 2 AND EXISTS
      (SELECT FROM post l WHERE l.unit = heir AND l.rank = 2) THEN 3 ELSE rank END, from_at, to_at
    FROM post WHERE unit = gone ON CONFLICT DO NOTHING;
  DELETE FROM post WHERE unit = gone;
  PERFORM set_config('paidan.keep_posts', '1', true);
  UPDATE account SET unit = heir WHERE unit = gone;
  PERFORM set_config('paidan.keep_posts', '', true);
  UPDATE token SET unit = heir WHERE unit = gone;
END $$;

-- One change of a unit. Returns '' or why it cannot be, a word of change_outcome (proto/words.def).
CREATE FUNCTION unit_change_apply(change unit_change) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  u unit%ROWTYPE;
  t unit%ROWTYPE;
BEGIN
  SELECT * INTO u FROM unit WHERE id = change.unit;
  SELECT * INTO t FROM unit WHERE id = change.target;
  IF u.closed THEN RETURN 'unit_closed'; END IF;
  IF change.target IS NOT NULL THEN
    IF t.closed THEN RETURN 'target_closed'; END IF;
    IF EXISTS (WITH RECURSIVE above AS (SELECT t.id, t.parent UNION SELECT p.id, p.parent FROM unit p JOIN above a ON p.id = a.parent)
               SELECT FROM above WHERE id = u.id) THEN RETURN 'target_below'; END IF;
  END IF;
  IF change.kind = 1 THEN
    UPDATE unit SET parent = t.id WHERE id = u.id;
    RETURN '';
  END IF;
  IF change.kind = 2 THEN
    IF t.kind <> u.kind THEN RETURN 'other_kind'; END IF;
    PERFORM unit_inherit(u.id, t.id);
    UPDATE unit SET parent = t.id WHERE id = u.id;
  ELSIF EXISTS (SELECT FROM unit WHERE parent = u.id AND NOT closed) THEN
    RETURN 'units_below';
  END IF;
  UPDATE unit SET closed = true, closed_at = change.at, closed_for = change.reason WHERE id = u.id;
  RETURN '';
END $$;

-- Puts in force what is due by now, once: changes of units in the order of their dates, posts that begin or are over, absences.
-- Whoever is no longer in the active post gets another of his or her own; without any the account is disabled. Returns the
-- version of the reference data and the next date on which there is something to do (0: none).
CREATE FUNCTION organisation_apply(now_ms bigint, OUT world_version integer, OUT next_at bigint, OUT changed integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  change unit_change%ROWTYPE;
  person record;
  other record;
  said text;
BEGIN
  changed := 0;
  PERFORM FROM world FOR UPDATE;
  FOR change IN SELECT * FROM unit_change WHERE applied_at = 0 AND at <= now_ms ORDER BY at, id LOOP
    said := unit_change_apply(change);
    UPDATE unit_change SET applied_at = now_ms, outcome = CASE WHEN said = '' THEN 'applied' ELSE said END WHERE id = change.id;
    PERFORM audit_append(now_ms, 0, 12::smallint, change.unit, 'organisation', change.unit::text,
                         CASE WHEN said = '' THEN 'ok' ELSE 'refused' END,
                         jsonb_build_object('change', change.id, 'kind', change.kind, 'target', change.target));
    IF said = '' THEN changed := changed + 1; END IF;
  END LOOP;
  FOR person IN SELECT a.id, a.unit, a.role FROM account a
                 WHERE a.unit IS NOT NULL AND NOT a.disabled AND EXISTS (SELECT FROM post p WHERE p.account = a.id)
                   AND NOT EXISTS (SELECT FROM posts_of(a.id, now_ms) p WHERE p.unit = a.unit AND p.role = a.role) LOOP
    SELECT p.unit, p.role INTO other FROM posts_of(person.id, now_ms) p WHERE p.for_account = person.id LIMIT 1;
    IF FOUND THEN
      PERFORM post_activate(person.id, other.unit, other.role, now_ms);
    ELSE
      UPDATE account SET disabled = true WHERE id = person.id;
      DELETE FROM session WHERE account = person.id;
    END IF;
    PERFORM audit_append(now_ms, 0, 12::smallint, person.unit, 'post_over', person.id::text, 'ok', NULL);
  END LOOP;
  UPDATE world SET as_of = now_ms;
  IF changed > 0 THEN
    UPDATE world SET version = version + 1, recount = version + 1;
    INSERT INTO world_load (version, kind, names, at) SELECT version, 'organisation', '', now_ms FROM world;
  END IF;
  changed := changed + staffed_refresh(array(SELECT id FROM unit));
  SELECT version INTO world_version FROM world;
  SELECT coalesce(min(at), 0) INTO next_at FROM (
    SELECT at FROM unit_change WHERE applied_at = 0
    UNION ALL SELECT from_at FROM post WHERE from_at > now_ms UNION ALL SELECT to_at FROM post WHERE to_at > now_ms
    UNION ALL SELECT from_at FROM absence WHERE from_at > now_ms UNION ALL SELECT to_at FROM absence WHERE to_at > now_ms) dates (at);
END $$;

-- ---- what an import would change: the dry run stores the file, compares, and takes it back (console/import.c).
CREATE FUNCTION tables_hash(names text[]) RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  name text; one text; result text := '';
BEGIN
  FOREACH name IN ARRAY names LOOP
    EXECUTE format('SELECT coalesce(md5(string_agg(md5(t::text), NULL ORDER BY t::text)), md5(''-'')) FROM %I t', name) INTO one;
    result := result || one;
  END LOOP;
  RETURN result;
END $$;
-- First call (before = true) remembers; the second refuses with PD004 or PD005, so that nothing stays: changed, or not.
CREATE FUNCTION import_compare(names text[], before boolean) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF before THEN
    PERFORM set_config('paidan.tables_hash', tables_hash(names), true);
  ELSIF current_setting('paidan.tables_hash') = tables_hash(names) THEN
    RAISE EXCEPTION 'no change' USING ERRCODE = 'PD005';
  ELSE
    RAISE EXCEPTION 'change' USING ERRCODE = 'PD004';
  END IF;
END $$;

-- ---- grants
GRANT SELECT ON post, absence, roster TO paidan_intake, paidan_router, paidan_escalation, paidan_notification, paidan_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON post, absence, roster, unit_change TO paidan_console;
GRANT SELECT, INSERT, UPDATE ON handover TO paidan_console;
GRANT SELECT, INSERT ON notice TO paidan_notification;
GRANT SELECT ON notice TO paidan_console;
GRANT UPDATE (read_at, read_by) ON notice TO paidan_console;
REVOKE ALL ON FUNCTION post_activate(bigint, integer, integer, bigint), staffed_refresh(integer[]), organisation_apply(bigint),
  unit_inherit(integer, integer), unit_change_apply(unit_change) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION post_activate(bigint, integer, integer, bigint), staffed_refresh(integer[]), organisation_apply(bigint)
  TO paidan_console;
GRANT EXECUTE ON FUNCTION organisation_apply(bigint) TO paidan_escalation;
