"""What the hub counts for Prometheus: ids, codes and counts only. Whoever does a thing counts it; `hub.ops` shows it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

AGENTS_CONNECTED = Gauge("hub_agents_connected", "Agents whose link is open", registry=REGISTRY)
CHANGES_TAKEN = Counter("hub_changes_taken", "Changes committed in the inbox", ["lane"], registry=REGISTRY)
COMMANDS_SENT = Counter("hub_commands_sent", "Commands to amoCRM", ["kind", "outcome"], registry=REGISTRY)
LOOKUPS = Counter("hub_lookups", "Questions to clinics", ["ask", "outcome"], registry=REGISTRY)
UNDELIVERED = Gauge(
    "hub_undelivered_patients", "Patients whose changes wait for delivery", ["account"], registry=REGISTRY
)
OLDEST_UNDELIVERED = Gauge(
    "hub_oldest_undelivered_seconds", "Age of the oldest undelivered change", ["account"], registry=REGISTRY
)
PANEL_REQUESTS = Counter("hub_panel_requests", "Answers to the widget", ["outcome"], registry=REGISTRY)
PANEL_SECONDS = Histogram(
    "hub_panel_seconds",
    "How long the widget waited",
    ["path"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
PANEL_STREAMS = Gauge("hub_panel_streams", "Open cards that are told of changes", registry=REGISTRY)
LOOP_LAG = Histogram(
    "hub_loop_lag_seconds",
    "How late the event loop runs what is due",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)
