-- Login roles, one per service, made once per cluster by its superuser before the first migration. Nothing here holds a
-- password: services log in over the unix socket by peer and map. What each may touch is granted in the migrations.
DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['paidan_owner', 'paidan_intake', 'paidan_router', 'paidan_escalation', 'paidan_notification', 'paidan_console'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', r);
    END IF;
  END LOOP;
END $$;
-- a router that takes over a lease ends the backend of the one before it, and asks whether that one still lives
GRANT pg_read_all_stats TO paidan_router;
