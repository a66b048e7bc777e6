-- What the application's role may do in the database that the owner's role owns.
-- Run in that database as a superuser or as lethe_owner; running it again changes nothing.
-- It sets defaults for tables to come, so what a migration takes away from lethe_app stays away.

DO $$ BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO lethe_app', current_database());
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO lethe_app;

ALTER DEFAULT PRIVILEGES FOR ROLE lethe_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE lethe_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO lethe_app;
ALTER DEFAULT PRIVILEGES FOR ROLE lethe_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO lethe_app;
ALTER DEFAULT PRIVILEGES FOR ROLE lethe_owner IN SCHEMA public
    GRANT EXECUTE ON FUNCTIONS TO lethe_app;
