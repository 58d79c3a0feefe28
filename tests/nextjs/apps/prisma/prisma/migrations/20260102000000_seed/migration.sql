-- A function has semicolons of its own.
CREATE FUNCTION first_task() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "Task" ("title") VALUES ('first; and only');
END
$$;
SELECT first_task();
DROP FUNCTION first_task();
