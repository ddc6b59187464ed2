-- The fence of each batch as a plain statement: the same promise as shard_advance gave, for half the time, which is a twentieth of what a
-- lone ticket costs PostgreSQL. It raises an error rather than matching nothing, so that a pipeline stops there.

CREATE FUNCTION shard_lost(shard_no smallint, held_epoch integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'shard % is no longer held under epoch %', shard_no, held_epoch USING ERRCODE = 'PD001';
END $$;

DROP FUNCTION shard_advance(smallint, integer, bigint, integer, integer, bigint, bytea, bigint);
