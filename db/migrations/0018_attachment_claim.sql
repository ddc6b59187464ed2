-- Files to be fetched are looked for each second, on behalf of nobody: past the policies, which cost 2 ms of a core before the first row
-- is looked at.

-- One, those tried least first, claimed until `until`, not of the sources given; how much its source has sent since `day_from` comes with it.
CREATE FUNCTION attachment_fetch_claim(at bigint, until bigint, but_sources integer[], day_from bigint)
RETURNS TABLE (request bigint, no smallint, url text, sha256 text, tries smallint, source integer, day_bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY UPDATE attachment_fetch f SET tries = f.tries + 1, why = NULL, next_at = until
    FROM (SELECT w.request, w.no FROM attachment_fetch w WHERE w.state = 1 AND w.next_at <= at AND w.source <> ALL (but_sources)
          ORDER BY w.tries, w.next_at LIMIT 1 FOR UPDATE SKIP LOCKED) c
    WHERE f.request = c.request AND f.no = c.no
    RETURNING f.request, f.no, f.url, f.sha256, f.tries, f.source,
      (SELECT coalesce(sum(a.received_bytes), 0)::bigint FROM attachment a WHERE a.user_id = -f.source::bigint AND a.uploaded_at > day_from);
END $$;
REVOKE ALL ON FUNCTION attachment_fetch_claim(bigint, bigint, integer[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION attachment_fetch_claim(bigint, bigint, integer[], bigint) TO paidan_console;
