"""The tables. In the clear: ids, times, status codes, counts. Personal data stands only in columns named `sealed_*`
(AES-GCM under the account's own key) and as `*_mac` (HMAC under that key), so that erasing the key erases.
Times are aware datetimes kept as UTC milliseconds (`Moment`)."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from hub.store.columns import Big, Moment, account_column, metadata

integrations = Table(
    "integrations",
    metadata,
    Column("key", String(64), primary_key=True),  # ours; stands in the redirect path /oauth/{key}
    Column("kind", String(16), nullable=False),  # private | public
    Column("client_id", String(64), nullable=False, unique=True),
    Column("sealed_secret", LargeBinary, nullable=False),  # under the hub's master key
    Column("sealed_next_secret", LargeBinary),  # accepted too while a secret is being changed
    Column("redirect_uri", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # amoCRM's account id
    Column("host", String(255), nullable=False),  # example.amocrm.ru
    Column("settings", Text),  # JSON of hub.rules.settings.Settings; null: not configured yet
    Column("crm_schema", Text),  # JSON of hub.amocrm.schema.CrmSchema: ids of our fields, enums, stages
    Column("blocked", String(32)),  # nothing is sent: unauthorised | unpaid | blocked | needs_operator; null: it is
    Column("created_at", Moment, nullable=False),
)

installations = Table(
    "installations",
    metadata,
    account_column(),
    Column("integration", String(64), ForeignKey("integrations.key"), primary_key=True),
    Column("sealed_access", LargeBinary),
    Column("sealed_refresh", LargeBinary),
    Column("expires_at", Moment),
    Column("token_version", Integer, nullable=False, default=0),  # a refresh is bound to it
    Column("writes", Boolean, nullable=False, default=True),  # one writing installation an account
    Column("active", Boolean, nullable=False, default=True),
    Column("refresh_until", Moment),  # a node refreshes the pair until then: a refresh token works once
)

codes = Table(
    "codes",  # installs that are under way: whose account it is, is known only when the code was exchanged
    metadata,
    Column("code_hash", String(64), primary_key=True),  # sha256 of the authorisation code
    Column("integration", String(64), ForeignKey("integrations.key"), nullable=False),
    Column("host", String(255), nullable=False),
    Column("sealed_code", LargeBinary, nullable=False),  # under the hub's own key, as is the pair
    Column("sealed_pair", LargeBinary),  # what the code was exchanged into: a code works once
    Column("arrived_at", Moment, nullable=False),
    Column("taken_until", Moment),  # a node works on it until then
    Column("installed_account", BigInteger),  # done: a code that comes again is answered alike
)

databases = Table(
    "databases",
    metadata,
    account_column(),
    Column("id", String(64), primary_key=True),  # db_1, unique in its account
    Column("name", String(200), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("fingerprint", String(128)),  # null until the first agent said hello
    Column("generation", Integer, nullable=False, default=0),
    Column("live_since", Moment),  # business time of the first welcome: what was over by then is history (R19)
    # Machine time: since when the first whole pass is durable here; before that no deal is made.
    Column("loaded_at", Moment),
    Column("mis", String(16)),
    Column("read_through", Moment),
    Column("verified_through", Moment),
    Column("outbox_depth", Integer, nullable=False, default=0),
    Column("state", Text),  # JSON of the last state frame
    Column("state_at", Moment),
    Index(None, "fingerprint", unique=True),
)

lanes = Table(
    "lanes",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("seq", Big, nullable=False),
    Column("digest", String(64), nullable=False),
)

passes = Table(
    "passes",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("begun_arrival", Big, nullable=False),  # records that arrived before it have vanished when the pass ends
)

agents = Table(
    "agents",
    metadata,
    Column("id", String(64), primary_key=True),  # ag_…
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False),
    Column("database", String(64), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("enrolled_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("suspended_at", Moment),  # two of it took each other's place again and again: a person decides
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("code_hash", String(64), primary_key=True),  # sha256 of the one-time code
    Column("account_id", BigInteger, ForeignKey("accounts.id"), nullable=False),
    Column("database", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

records = Table(
    "records",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("patient", String(64)),  # whose it is; null: a visit without patient card
    Column("start", Moment),  # of a visit
    Column("status", String(16)),  # of a visit
    Column("vanished_at", Moment),
    Column("arrival", Big, nullable=False),  # one counter an account, see `arrivals`
    Column("read_at", Moment, nullable=False),
    Column("sealed_value", LargeBinary, nullable=False),
    # The patient first, here and below: a PostgreSQL that knows nothing yet of a table takes two indexes that begin alike for equals.
    Index("ix_records_patient", "patient", "account_id", "database", "kind"),
)

arrivals = Table("arrivals", metadata, account_column(), Column("last", Big, nullable=False))

phones = Table(
    "phones",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("patient", String(64), primary_key=True),
    Column("phone_mac", String(64), primary_key=True),
    Index("ix_phones_mac", "account_id", "phone_mac"),
)

parked = Table(
    "parked",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("reason", Text, nullable=False),  # names of fields, never contents
    Column("parked_at", Moment, nullable=False),
    Column("sealed_change", LargeBinary, nullable=False),
)

dirty = Table(
    "dirty",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("patient", String(64), primary_key=True),
    Column("arrival", Big, nullable=False),  # of the newest change; cleared only if it did not grow meanwhile
    Column("since", Moment, nullable=False),  # machine time: how old is the oldest undelivered change
)

dues = Table(
    "dues",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("patient", String(64), primary_key=True),
    Column("due", Moment, nullable=False),  # business time
    Index("ix_dues_due", "account_id", "due"),
)

visit_links = Table(
    "visit_links",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("visit", String(64), primary_key=True),
    Column("patient", String(64), nullable=False),
    Column("deal_id", BigInteger, nullable=False),
    Index("ix_visit_links_patient", "patient", "account_id", "database"),
    Index("ix_visit_links_deal", "account_id", "deal_id"),
)

deals = Table(
    "deals",
    metadata,
    account_column(),
    Column("deal_id", BigInteger, primary_key=True),
    Column("database", String(64), nullable=False),
    Column("patient", String(64), nullable=False),
    Column("pipeline_id", BigInteger, nullable=False),
    Column("stage_id", BigInteger, nullable=False),  # as last read or written
    Column("closed_at", Moment),
    Column("sealed_memory", LargeBinary, nullable=False),
    Index("ix_deals_patient", "patient", "account_id", "database"),
)

contact_links = Table(
    "contact_links",
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    Column("patient", String(64), primary_key=True),
    Column("contact_id", BigInteger, nullable=False),
    Column("sealed_memory", LargeBinary, nullable=False),
    Index("ix_contact_links_contact", "account_id", "contact_id"),
)

outcomes = Table(
    "outcomes",  # why a patient's visits stand where they stand without a deal: asks, skips, refusals
    metadata,
    account_column(),
    Column("database", String(64), primary_key=True),
    # visit:81234, patient:4410, deal:15198335 or contact:4410 (the patient's)
    Column("subject", String(80), primary_key=True),
    Column("patient", String(64), nullable=False),  # whose it is; "" of a visit without patient card
    Column("outcome", String(16), nullable=False),  # ask | skip | park
    Column("reason", String(64), nullable=False),  # a code, e.g. other_name_on_phone
    Column("detail", Text),  # JSON of ids and a digest only
    Column("at", Moment, nullable=False),
    Index("ix_outcomes_patient", "patient", "account_id", "database"),
)

intents = Table(
    "intents",
    metadata,
    account_column(),
    Column("key", String(200), primary_key=True),  # of the command, unique
    Column("kind", String(32), nullable=False),  # create_deal | create_contact | add_note | link_contact
    Column("digest", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),  # business time, as are the CRM's times of what was created
    Column("sealed_command", LargeBinary, nullable=False),
)

jobs = Table(
    "jobs",  # what a command-line verb asks the serving process to do
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", BigInteger),
    Column("verb", String(32), nullable=False),
    Column("sealed_args", LargeBinary, nullable=False),  # under the hub's own key: a code of amoCRM may be among them
    Column("state", String(16), nullable=False, default="waiting"),  # waiting | taken | done | failed | needs_operator
    Column("progress", Text, nullable=False, default=""),  # lines of ids, counts and names of stages and fields
    Column("sealed_result", LargeBinary),  # a one-time code may be in it
    Column("asked_at", Moment, nullable=False),
    Column("beat_at", Moment),  # when the process that took it last said that it is alive
    Index("ix_jobs_state", "state", "asked_at"),
)
