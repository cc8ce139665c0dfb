-- The first form of the store. Times are seconds since 1970, sizes are octets.
CREATE TABLE message (
  id TEXT PRIMARY KEY,
  form TEXT NOT NULL,
  sender TEXT NOT NULL,
  transaction_id TEXT NOT NULL,
  blob TEXT NOT NULL,
  size INTEGER NOT NULL,
  received_at REAL NOT NULL,
  expires_at REAL NOT NULL,
  deliver_at REAL,
  subject TEXT NOT NULL,
  delivery_report INTEGER NOT NULL,
  read_report INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  peer TEXT NOT NULL,
  peer_message_id TEXT NOT NULL,
  forwards INTEGER NOT NULL,
  lane TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  -- Whether it may go to other centres and providers, whatever the configuration says of its peer.
  may_relay INTEGER NOT NULL,
  -- Recipients that did not end, and when the last one did. The octets are kept for some time after.
  open INTEGER NOT NULL,
  ended_at REAL,
  kept INTEGER NOT NULL DEFAULT 1,
  -- Who had the message wants it gone, or the operator: its octets go at the end, not some time after.
  dropped INTEGER NOT NULL DEFAULT 0,
  -- Whether sender and recipients are numbers, not words in their place.
  named INTEGER NOT NULL DEFAULT 1
) STRICT;
-- The same submission again, within some days, is the same message.
CREATE INDEX message_submission ON message (peer, form, sender, transaction_id, fingerprint, received_at);
-- A mail that comes again has other octets, but the Message-ID of the other centre.
CREATE INDEX message_mail ON message (peer, form, sender, peer_message_id, received_at)
  WHERE peer_message_id<>'';
CREATE INDEX message_blob ON message (blob);
CREATE INDEX message_ended ON message (ended_at) WHERE kept=1 AND ended_at IS NOT NULL;
CREATE INDEX message_dropped ON message (ended_at) WHERE dropped=1 AND kept=1 AND ended_at IS NOT NULL;
CREATE INDEX message_named ON message (ended_at) WHERE kept=0 AND named=1;
CREATE INDEX message_over ON message (ended_at) WHERE kept=0;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  message TEXT NOT NULL REFERENCES message (id),
  recipient TEXT NOT NULL,
  state TEXT NOT NULL,
  -- The kind of the next hop; '' before one is found.
  route TEXT NOT NULL DEFAULT '',
  peer TEXT NOT NULL DEFAULT '',
  notification_id TEXT NOT NULL UNIQUE,
  token TEXT NOT NULL UNIQUE,
  changed_at REAL NOT NULL,
  expires_at REAL NOT NULL,
  deliver_at REAL,
  first_notified_at REAL,
  attempts INTEGER NOT NULL DEFAULT 0,
  reminders INTEGER NOT NULL DEFAULT 0,
  mails INTEGER NOT NULL DEFAULT 0,
  transaction_id TEXT NOT NULL DEFAULT '',
  deferred INTEGER NOT NULL DEFAULT 0,
  may_link INTEGER NOT NULL DEFAULT 0,
  link_after REAL,
  report_allowed INTEGER NOT NULL DEFAULT 1,
  blob TEXT NOT NULL DEFAULT '',
  due REAL,
  due_event TEXT,
  -- '' for people; a campaign has a lane of its sender's, so that nobody waits behind it.
  lane TEXT NOT NULL DEFAULT '',
  -- Its own text and subject, in the place of those of the message; NULL: it has none.
  text TEXT,
  subject TEXT,
  lease_until REAL,
  UNIQUE (message, recipient)
) STRICT;
-- When a worker may take it: a lease is a later time, so that nobody looks through those that are leased.
CREATE INDEX delivery_free ON delivery
  (route, peer, lane, (CASE WHEN lease_until>due THEN lease_until ELSE due END))
  WHERE due IS NOT NULL AND due_event IS NULL;
CREATE INDEX delivery_open ON delivery (recipient, id) WHERE due IS NOT NULL;
CREATE INDEX delivery_together ON delivery
  (message, route, peer, (CASE WHEN lease_until>due THEN lease_until ELSE due END))
  WHERE due IS NOT NULL AND due_event IS NULL;
CREATE INDEX delivery_timer ON delivery (due) WHERE due_event IS NOT NULL;
CREATE INDEX delivery_untaken ON delivery (expires_at) WHERE due IS NOT NULL AND due_event IS NULL;
CREATE INDEX delivery_transaction ON delivery (transaction_id) WHERE transaction_id<>'';
CREATE INDEX delivery_recipient ON delivery (recipient, state);

-- A report is delivered as a message is: tried, and tried again.
CREATE TABLE report (
  id INTEGER PRIMARY KEY,
  delivery INTEGER NOT NULL REFERENCES delivery (id),
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  -- Where the message came from, and the report goes to.
  peer TEXT NOT NULL,
  made_at REAL NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Mails that the other centre's server took, and to which it did not answer yet.
  mails INTEGER NOT NULL DEFAULT 0,
  due REAL,
  due_event TEXT,
  lease_until REAL,
  -- The sender is told each thing once.
  UNIQUE (delivery, kind, status)
) STRICT;
CREATE INDEX report_free ON report (peer, (CASE WHEN lease_until>due THEN lease_until ELSE due END))
  WHERE due IS NOT NULL AND due_event IS NULL;
CREATE INDEX report_timer ON report (due) WHERE due_event IS NOT NULL;
CREATE INDEX report_open ON report (made_at) WHERE due IS NOT NULL;

-- What other centres are owed: answers to their requests. A row goes when its mail was sent.
CREATE TABLE answer (
  id INTEGER PRIMARY KEY,
  peer TEXT NOT NULL,
  name TEXT NOT NULL,
  recipient TEXT NOT NULL,
  mail TEXT NOT NULL,
  made_at REAL NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due REAL NOT NULL,
  lease_until REAL,
  UNIQUE (peer, name)
) STRICT;
CREATE INDEX answer_due ON answer (peer, due);

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  delivery INTEGER NOT NULL REFERENCES delivery (id),
  at REAL NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  event TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX event_delivery ON event (delivery);

CREATE TABLE adapted (
  message TEXT NOT NULL REFERENCES message (id),
  profile TEXT NOT NULL,
  blob TEXT NOT NULL,
  PRIMARY KEY (message, profile)
) STRICT, WITHOUT ROWID;
CREATE INDEX adapted_blob ON adapted (blob);

-- Octets that a message gave up. They are deleted if no other message has them.
CREATE TABLE garbage (blob TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE subscriber (
  number TEXT PRIMARY KEY,
  network TEXT NOT NULL,
  device TEXT NOT NULL,
  mms INTEGER NOT NULL,
  link INTEGER NOT NULL,
  link_after REAL,
  language TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- Messages that a browser shows, by the secret in the address of their page. How often, and when last.
CREATE TABLE page (
  token TEXT PRIMARY KEY,
  delivery INTEGER NOT NULL UNIQUE REFERENCES delivery (id),
  made_at REAL NOT NULL,
  expires_at REAL NOT NULL,
  views INTEGER NOT NULL DEFAULT 0,
  viewed_at REAL,
  deleted_at REAL,
  revoked_at REAL,
  reported_at REAL
) STRICT, WITHOUT ROWID;
CREATE INDEX page_made ON page (made_at, delivery);
CREATE INDEX page_reported ON page (reported_at, delivery) WHERE reported_at IS NOT NULL;
CREATE INDEX page_revoked ON page (made_at, delivery) WHERE revoked_at IS NOT NULL;
CREATE INDEX page_deleted ON page (made_at, delivery) WHERE deleted_at IS NOT NULL;

-- Numbers that want no links, since when, and the word by which they said so.
CREATE TABLE optout (
  number TEXT PRIMARY KEY,
  at REAL NOT NULL,
  word TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How fast somebody may send: when the bucket of tokens will be full.
CREATE TABLE bucket (
  name TEXT PRIMARY KEY,
  full_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bucket_full ON bucket (full_at);

-- Next hops whose last attempts failed.
CREATE TABLE hop (
  route TEXT NOT NULL,
  peer TEXT NOT NULL,
  failures INTEGER NOT NULL,
  probe_at REAL NOT NULL,
  PRIMARY KEY (route, peer)
) STRICT, WITHOUT ROWID;

-- What a resolver said of a number, and until when that counts.
CREATE TABLE resolved (
  number TEXT PRIMARY KEY,
  answer TEXT NOT NULL,
  until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX resolved_until ON resolved (until);

-- Senders whose messages a recipient does not get.
CREATE TABLE block (
  recipient TEXT NOT NULL,
  sender TEXT NOT NULL,
  PRIMARY KEY (recipient, sender)
) STRICT, WITHOUT ROWID;

-- What phones said of themselves when they fetched last.
CREATE TABLE device (
  number TEXT PRIMARY KEY,
  document TEXT NOT NULL,
  differences TEXT NOT NULL,
  agent TEXT NOT NULL,
  seen_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_seen ON device (seen_at);

-- UAProf documents by their addresses, where several machines share the store.
CREATE TABLE document (
  url TEXT PRIMARY KEY,
  octets BLOB NOT NULL,
  fetched_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- What the machines of a store have in common: the key of words in the place of numbers.
CREATE TABLE common (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The octets that a phone was given last: the rest of a broken transfer is of the same.
CREATE TABLE given (
  delivery INTEGER PRIMARY KEY REFERENCES delivery (id) ON DELETE CASCADE,
  tag TEXT NOT NULL
) STRICT;

-- Keys of the API. A key has 256 random bits, so a plain hash of it is as good as a slow one.
CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Whose messages and webhooks the key is for; several keys may be of one.
  account TEXT NOT NULL,
  -- Words with blanks between them.
  scopes TEXT NOT NULL,
  senders TEXT NOT NULL,
  per_minute REAL NOT NULL,
  burst INTEGER NOT NULL,
  -- Recipients a second of all campaigns of the key; 0: as many as the configuration says.
  campaign_per_second REAL NOT NULL,
  made_at REAL NOT NULL,
  used_at REAL,
  revoked_at REAL
) STRICT;

-- What a message of the API has beside others.
CREATE TABLE submission (
  message TEXT PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
  account TEXT NOT NULL,
  -- The Idempotency-Key, or ''; and what is equal in the same request again.
  name TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  reference TEXT NOT NULL,
  -- What became of each medium, in JSON.
  media TEXT NOT NULL,
  made_at REAL NOT NULL,
  -- Whether it is the message of a campaign.
  campaign INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX submission_name ON submission (account, name) WHERE name<>'';
CREATE INDEX submission_account ON submission (account, made_at, message) WHERE campaign=0;

-- Where an account is told of its messages.
CREATE TABLE webhook (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  url TEXT NOT NULL,
  -- The statuses that it is told of, with blanks between them; '' is all.
  statuses TEXT NOT NULL,
  secret TEXT NOT NULL,
  made_at REAL NOT NULL,
  -- While requests to it fail, one is tried at a time.
  failures INTEGER NOT NULL DEFAULT 0,
  probe_at REAL NOT NULL DEFAULT 0,
  taken_at REAL NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX webhook_account ON webhook (account);

-- A change of status that a webhook is to be told of. A row goes when it was, or is a day old.
CREATE TABLE notice (
  id TEXT PRIMARY KEY,
  webhook TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
  -- Either of them: whose status it is.
  delivery INTEGER REFERENCES delivery (id) ON DELETE CASCADE,
  campaign TEXT REFERENCES message (id) ON DELETE CASCADE,
  status TEXT NOT NULL,
  state TEXT NOT NULL,
  made_at REAL NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- While somebody sends it, the end of the lease.
  due REAL NOT NULL
) STRICT;
CREATE INDEX notice_due ON notice (webhook, due);
CREATE INDEX notice_delivery ON notice (delivery);
CREATE INDEX notice_campaign ON notice (campaign) WHERE campaign IS NOT NULL;

-- Campaigns of the API: one message for many recipients, who become its deliveries as fast as a plan says.
CREATE TABLE campaign (
  -- The Message-ID too.
  id TEXT PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
  account TEXT NOT NULL,
  -- The key that it was made with.
  key TEXT NOT NULL,
  state TEXT NOT NULL,
  -- The text, in which names in braces stand for fields of recipients; NULL: it has none, or no more.
  template TEXT,
  -- Of the longest own text and subject: the characters, and the octets in UTF-8.
  text_chars INTEGER NOT NULL DEFAULT 0,
  text_octets INTEGER NOT NULL DEFAULT 0,
  subject_chars INTEGER NOT NULL DEFAULT 0,
  subject_octets INTEGER NOT NULL DEFAULT 0,
  -- How fast it goes, and what of that is used up, in JSON.
  plan TEXT NOT NULL,
  paid TEXT NOT NULL DEFAULT '{}',
  start_at REAL,
  expires_at REAL,
  -- Seconds from the release of a recipient after which the message is given up.
  validity REAL NOT NULL,
  -- The rows of its recipients, and how many of those became deliveries.
  total INTEGER NOT NULL DEFAULT 0,
  released INTEGER NOT NULL DEFAULT 0,
  made_at REAL NOT NULL,
  started_at REAL,
  ended_at REAL,
  -- Since when it is paused; NULL: it is not.
  paused_at REAL,
  -- When it is worked on next; while its recipients are read, the end of the lease of who reads them.
  due REAL
) STRICT;
CREATE INDEX campaign_due ON campaign (due) WHERE due IS NOT NULL;
CREATE INDEX campaign_open ON campaign (made_at) WHERE ended_at IS NULL;
CREATE INDEX campaign_made ON campaign (made_at, id);
CREATE INDEX campaign_account ON campaign (account, made_at, id);

CREATE TABLE campaign_recipient (
  campaign TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
  -- The row that it came in, from 1.
  number INTEGER NOT NULL,
  address TEXT NOT NULL,
  -- Its own fields, in JSON.
  fields TEXT NOT NULL,
  -- The time zone that its row names, or ''.
  zone TEXT NOT NULL,
  -- 'queued', or the status of its delivery.
  status TEXT NOT NULL,
  -- Why it failed: a word, and what was said.
  reason TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  -- The next hop and the network; '' before they are looked up.
  hop TEXT NOT NULL DEFAULT '',
  carrier TEXT NOT NULL DEFAULT '',
  -- When it may be written to.
  due REAL NOT NULL DEFAULT 0,
  delivery INTEGER REFERENCES delivery (id),
  changed_at REAL NOT NULL,
  PRIMARY KEY (campaign, number)
) STRICT;
-- An address is written to once.
CREATE UNIQUE INDEX campaign_recipient_once ON campaign_recipient (campaign, address)
  WHERE reason<>'invalid' AND reason<>'duplicate' AND reason<>'too_long';
CREATE INDEX campaign_recipient_queued ON campaign_recipient (campaign, hop, carrier, due, number)
  WHERE status='queued';
CREATE INDEX campaign_recipient_status ON campaign_recipient (campaign, status, number);
CREATE UNIQUE INDEX campaign_recipient_delivery ON campaign_recipient (delivery)
  WHERE delivery IS NOT NULL;

-- How many recipients of a campaign have a status, by carrier and reason: kept with each change.
CREATE TABLE campaign_count (
  campaign TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
  status TEXT NOT NULL,
  carrier TEXT NOT NULL,
  reason TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (campaign, status, carrier, reason)
) STRICT, WITHOUT ROWID;

-- How many recipients of a campaign came to be sent, delivered or failed in a minute since 1970.
CREATE TABLE campaign_minute (
  campaign TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
  minute INTEGER NOT NULL,
  kind TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (campaign, minute, kind)
) STRICT, WITHOUT ROWID;

-- Lanes of which nothing is sent: those of campaigns that were paused.
CREATE TABLE held (lane TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
