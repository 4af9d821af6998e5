// What operators see, of the whole service: read again and again, and nothing can be changed here.
const kept = "docchu.key"; // as the page itself keeps it: in this tab's session
const interval = 5000; // ms
const byId = (id) => document.getElementById(id);

function make(tag, text, ...children) {
  const node = document.createElement(tag);
  if (text !== null) node.textContent = text;
  node.append(...children);
  return node;
}

async function load(name) {
  const key = sessionStorage.getItem(kept);
  const answer = await fetch(`/v1/admin/${name}`, { headers: key ? { Authorization: `Bearer ${key}` } : {} });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.detail), { status: answer.status });
  return body;
}

function age(at) {
  if (!at) return "";
  const seconds = Math.max(0, (Date.now() - Date.parse(at)) / 1000);
  for (const [length, unit] of [[86_400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= 2 * length) return `${Math.round(seconds / length)} ${unit}`;
  }
  return `${Math.round(seconds)} s`;
}

const units = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** As `docchu admin queue` says it: 3 MB of memory are not 0 GB. */
function size(bytes) {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const said = { style: "unit", unit: units[power], maximumFractionDigits: power < 3 ? 0 : 1 };
  return (bytes / 1000 ** power).toLocaleString("en", said);
}

function table(title, heads, rows) {
  const node = make("section", null, make("h2", title));
  if (!rows.length) {
    node.append(make("p", "None."));
    return node;
  }
  node.tabIndex = 0; // it can be scrolled by the keyboard
  node.setAttribute("aria-label", title);
  const head = make("tr", null, ...heads.map((text) => Object.assign(make("th", text), { scope: "col" })));
  const lines = rows.map((row) => make("tr", null, ...row.map((text) => make("td", `${text ?? ""}`))));
  node.append(make("table", null, make("thead", null, head), make("tbody", null, ...lines)));
  return node;
}

const pages = (found) => (found?.length ? `${found[0]}${found.length > 1 ? ` to ${found.at(-1)}` : ""}` : "being opened");
const reading = (one) => [one.worker, one.job_id, one.tenant, pages(one.pages), one.attempt, one.crashes, age(one.since)];
const troubled = (one) => [
  one.job_id, one.tenant, Object.entries(one.pages).map(([page, code]) => `${page}: ${code}`).join(", "),
  one.attempts.map((it) => `${it.worker} ${it.outcome ?? "under way"}`).join(", "),
];

function views(workers, queue, audit) {
  const room = `Disk: ${size(queue.room.disk_free_bytes)} free. Memory of the job store: ${size(queue.room.store_bytes)}.`;
  return [
    ...(queue.paused_at ? [make("p", `Everything is paused for ${age(queue.paused_at)}: docchu admin resume`)] : []),
    make("p", room),
    table("Workers", ["Worker", "Device", "Models", "Seen", "Drained"],
      workers.workers.map((one) => [one.id, one.device, one.models.map((it) => `${it.name} ${it.version}`).join(", "), age(one.seen_at), age(one.drained_at)])),
    table("Being read", ["Worker", "Job", "Tenant", "Pages", "Attempt", "Crashes", "For"], workers.reading.map(reading)),
    table("Waiting", ["Tenant", "Pages", "Interactive", "Bulk", "Oldest", "Failed jobs", "Deliveries pending", "failed", "Paused"],
      queue.tenants.map((one) => [one.tenant, one.pages, one.interactive, one.bulk, age(one.oldest_at), one.failed, one.deliveries_pending, one.deliveries_failed, age(one.paused_at)])),
    table("Failed last", ["Job", "Tenant", "Status", "Why", "Ago", "Requeued as"],
      queue.failed.map((one) => [one.job_id, one.tenant, one.status, one.code, age(one.finished_at), one.requeued_as])),
    table("Pages that ended their workers, or took too long", ["Job", "Tenant", "Pages", "Attempts"], queue.troubled.map(troubled)),
    table("Webhooks that fail", ["Webhook", "Tenant", "Address", "For", "Why"],
      queue.webhooks.map((one) => [one.webhook_id, one.tenant, one.url, age(one.failing_since ?? one.disabled_at), one.last_error])),
    table("Audit log", ["Time", "Who", "Tenant", "What", "On"], audit.entries.map((one) => [one.at, one.who, one.tenant, one.what, one.on])),
  ];
}

async function look() {
  try {
    const found = await Promise.all([load("workers"), load("queue"), load("audit?limit=20")]);
    byId("views").replaceChildren(...views(...found));
    byId("looked").textContent = new Date().toLocaleTimeString();
    byId("trouble").hidden = byId("key-form").hidden = true;
  } catch (error) {
    byId("trouble").textContent = error.status ? error.message : "The service does not answer; looking again.";
    byId("trouble").hidden = false;
    if (error.status === 401 || error.status === 403) return void (byId("key-form").hidden = false);
  }
  setTimeout(look, interval);
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(kept, byId("key").value.trim());
  byId("key").value = "";
  look();
});
document.documentElement.classList.add("ready");
look();
