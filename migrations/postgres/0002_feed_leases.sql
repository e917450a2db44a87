-- Which replica publishes which partition of the feed. Leases are for liveness alone: the broker fences
-- whoever was replaced. Times are this server's own.
CREATE TABLE feed_leases (
    partition  smallint PRIMARY KEY,
    owner      uuid,
    -- Rises whenever the partition changes hands.
    epoch      bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    -- Up to where it is known to have been published; null: never. A partition that has been published
    -- and has no cursor at the broker has lost it.
    published  bigint
);

-- Replicas that publish, and until when each counts as alive.
CREATE TABLE feed_replicas (
    owner      uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

-- This store's own id, one row: a cursor of another store is told by it.
CREATE TABLE store_identity (
    id uuid PRIMARY KEY
);
INSERT INTO store_identity VALUES (gen_random_uuid());
