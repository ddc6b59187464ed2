-- The key that keeps a request from being stored twice is compared byte by byte: nobody sorts by it for people, and the order of a
-- language cost a third of each insertion.
ALTER TABLE request_key ALTER COLUMN external_id TYPE text COLLATE "C";
