-- Keys of outside systems on the bus (CURVE): whose connections are let in, and as which token each speaks. Only public keys: the
-- secret half never leaves the system it belongs to. Removed, not disabled: the audit log keeps what was.

CREATE TABLE bus_key (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  public_key  text NOT NULL UNIQUE CHECK (length(public_key) = 40),
  token       bigint NOT NULL REFERENCES token,
  created_at  bigint NOT NULL
);
GRANT SELECT, INSERT, DELETE ON bus_key TO paidan_console;
