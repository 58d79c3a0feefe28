CREATE TABLE "tasks" (
	"id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	"title" text NOT NULL
);
--> statement-breakpoint
INSERT INTO "tasks" ("title") VALUES ('first');
