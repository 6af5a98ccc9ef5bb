// The tour of @shevernitskiy/amo: each step is one line of JSON, what the client gave back or what it threw.
import { Amo } from "@shevernitskiy/amo";

const given = JSON.parse(process.argv[2]);
const { host, redirect_uri, client_id, client_secret } = given;
const auth = { client_id, client_secret, redirect_uri };
const tokens = [];
const options = { request_delay: 0, on_token: (token) => void tokens.push(token) };
const later = Date.now() + 86_400_000;

async function step(name, act) {
  let said;
  try {
    said = { value: await act() };
  } catch (thrown) {
    said = { thrown: thrown.message, response: thrown.response ?? null };
  }
  process.stdout.write(JSON.stringify({ step: name, ...said }) + "\n");
  return said.value;
}

const next = (route, kind) =>
  fetch(`https://${host}/_stand-in/faults`, { method: "POST", body: JSON.stringify({ route, kind }) });
const id = (answer, kind) => answer._embedded[kind][0].id;
const by_code = () => new Amo(host, { ...auth, grant_type: "authorization_code", code: given.code }, options);
const by_token = (token, expires_at) => new Amo(host, { ...auth, ...token, expires_at }, options);

// Authorisation: a code once, a refresh, and a refresh token that was used before.
await step("code", () => by_code().account.getAccount());
await step("code again", () => by_code().account.getAccount());
await step("refresh", () => by_token(tokens[0], 1).account.getAccount());
await step("refresh with a used token", () => by_token(tokens[0], 1).account.getAccount());
await step("tokens", async () => tokens);
await step("401", () => by_token(tokens[0], later).account.getAccount());
const amo = by_token(tokens[1], later);

// Leads.
await step("empty page", () => amo.lead.getLeads());
const made = await step("leads made", () => amo.lead.addLeads([1, 2, 3, 4, 5].map((n) => ({ name: `Сделка ${n}`, price: 100 * n }))));
const leads = made._embedded.leads.map((lead) => lead.id);
await step("pages", async () => {
  const pages = [];
  for (let page = 1, more = true; more; page += 1) {
    pages.push(await amo.lead.getLeads({ page, limit: 2, with: ["contacts"], order: { param: "id", type: "asc" } }));
    more = pages.at(-1)._links.next !== undefined;
  }
  return pages;
});
await step("past the last page", () => amo.lead.getLeads({ page: 4, limit: 2 }));
await step("filtered", () =>
  amo.lead.getLeads({ filter: (f) => f.multi("id", leads.slice(0, 2)).single("pipeline_id", given.pipeline).range("price", 150, 300) }));
await step("filtered by one id", () => amo.lead.getLeads({ filter: (f) => f.single("id", leads[2]) }));
await step("filtered by status", () => amo.lead.getLeads({ filter: (f) => f.statuses([[given.pipeline, given.stage]]) }));
await step("lead", () => amo.lead.getLeadById(leads[0], { with: ["contacts", "loss_reason", "catalog_elements", "is_price_modified_by_robot", "source_id"] }));
await step("no lead", () => amo.lead.getLeadById(1));
await step("leads changed", () => amo.lead.updateLeads([{ id: leads[0], price: 7 }, { id: leads[1], status_id: 143, pipeline_id: given.pipeline }]));
await step("lead changed", () => amo.lead.updateLeadById(leads[2], { name: "Другая" }));
await step("complex", () =>
  amo.lead.addComplex([{
    name: "Целиком",
    _embedded: {
      tags: [{ name: "сайт" }],
      contacts: [{ first_name: "Пётр", custom_fields_values: [{ field_code: "PHONE", values: [{ value: "+79990000101", enum_code: "MOB" }] }] }],
      companies: [{ name: "ООО «Ромашка»" }],
    },
  }]));

// People and firms, and who belongs to whom.
const person = id(await step("contacts made", () => amo.contact.addContacts([{ name: "Иванов Иван" }])), "contacts");
await step("contacts changed", () => amo.contact.updateContacts([{ id: person, name: "Иванова Инна" }]));
await step("contact changed", () => amo.contact.updateContactById(person, { first_name: "Инна", last_name: "Иванова" }));
await step("contact", () => amo.contact.getContactById(person, { with: ["leads", "catalog_elements"] }));
await step("found", () => amo.contact.getContacts({ query: "9990000101", order: { param: "updated_at", type: "desc" } }));
const firm = id(await step("companies made", () => amo.company.addCompanies([{ name: "ООО «Лютик»" }])), "companies");
await step("companies changed", () => amo.company.updateCompanies([{ id: firm, name: "ООО «Василёк»" }]));
await step("company changed", () => amo.company.updateCompaniesById(firm, { name: "ООО «Клевер»" }));
await step("company", () => amo.company.getCompanyById(firm, { with: ["leads", "contacts", "catalog_elements"] }));
await step("companies", () => amo.company.getCompanies({ limit: 1, order: { param: "id", type: "desc" } }));
const to = (to_entity_type, to_entity_id, more) => [{ to_entity_type, to_entity_id, ...more }];
await step("linked", () => amo.link.addLinksByEntityId(leads[0], "leads", to("contacts", person, { metadata: { is_main: true } })));
await step("contact linked", () => amo.link.addLinksByEntityId(person, "contacts", to("companies", firm)));
await step("company linked", () => amo.link.addLinksByEntityType("companies", to("leads", leads[0], { entity_id: firm })));
await step("links", () => amo.link.getLinksByEntityId(leads[0], "leads", { filter: (f) => f.single("to_entity_type", "contacts").single("to_entity_id", person) }));
for (const [kind, ids] of [["leads", leads], ["contacts", [person]], ["companies", [firm]]]) {
  await step(`links of ${kind}`, () => amo.link.getLinksByEntityType(kind, { filter: (f) => f.multi("entity_id", ids) }));
  await step(`links of one of ${kind}`, () => amo.link.getLinksByEntityId(ids[0], kind));
}
await step("unlinked", () => amo.link.deleteLinksByEntityId(leads[0], "leads", to("contacts", person)));
await step("contact unlinked", () => amo.link.deleteLinksByEntityType("contacts", to("companies", firm, { entity_id: person })));
await step("company unlinked", () => amo.link.deleteLinksByEntityId(firm, "companies", to("leads", leads[0])));
await step("linked again", () => amo.link.addLinksByEntityType("leads", to("companies", firm, { entity_id: leads[0] })));
await step("contact linked again", () => amo.link.addLinksByEntityType("contacts", to("companies", firm, { entity_id: person })));
await step("unlinked again", () => amo.link.deleteLinksByEntityType("leads", to("companies", firm, { entity_id: leads[0] })));
await step("contact unlinked again", () => amo.link.deleteLinksByEntityId(person, "contacts", to("companies", firm)));
await step("company linked again", () => amo.link.addLinksByEntityId(firm, "companies", to("contacts", person)));
await step("company unlinked again", () => amo.link.deleteLinksByEntityType("companies", to("contacts", person, { entity_id: firm })));

// The feed: notes and tasks.
for (const [kind, entity_id] of [["leads", leads[0]], ["contacts", person], ["companies", firm]]) {
  const note = { note_type: "common", params: { text: "Перезвонить" } };
  const note_id = id(await step(`${kind} notes made`, () => amo.note.addNotes(kind, [{ ...note, entity_id, request_id: "n", is_need_to_trigger_digital_pipeline: false }])), "notes");
  await step(`${kind} notes changed`, () => amo.note.updateNotes(kind, [{ ...note, entity_id, id: note_id }]));
  await step(`${kind} note changed`, () => amo.note.updateNoteById(note_id, kind, { ...note, entity_id, params: { text: "Перезвонили" } }));
  await step(`${kind} notes`, () => amo.note.getNotesByEntityType(kind, { limit: 10, order: { param: "updated_at", type: "desc" }, filter: (f) => f.single("note_type", "common") }));
  await step(`${kind} notes of one`, () => amo.note.getNotesByEntityId(entity_id, kind, { filter: (f) => f.multi("id", [note_id]) }));
  await step(`${kind} note`, () => amo.note.getNotesById(note_id, kind));
}
const complete_till = given.business + 60;
const tasks = (await step("tasks made", () =>
  amo.task.addTasks([
    { text: "Перезвонить", complete_till, entity_type: "leads", entity_id: leads[0], request_id: "t" },
    { text: "Встретить", complete_till, task_type_id: 2 },
    { text: "Спросить", complete_till },
  ])))._embedded.tasks.map((task) => task.id);
await step("task", () => amo.task.getTaskById(tasks[0]));
await step("tasks changed", () => amo.task.updateTasks([{ id: tasks[1], text: "Встретить внизу" }]));
await step("task changed", () => amo.task.updateTaskById(tasks[1], { duration: 1800 }));
await step("tasks completed", () => amo.task.completeTasks([{ id: tasks[1], is_completed: true, result: { text: "Пришёл" } }]));
await step("task completed", () => amo.task.completeTaskById(tasks[0], { is_completed: true, result: { text: "Дозвонились" } }));
await step("tasks", () =>
  amo.task.getTasks({
    limit: 1,
    order: { param: "complete_till", type: "asc" },
    filter: (f) => f.single("is_completed", 1).single("task_type", 1).single("entity_type", "leads").multi("entity_id", [leads[0]]),
  }));

// Set-up: fields, tags, pipelines, users, events.
for (const [kind, card] of [["leads", leads[0]], ["contacts", person], ["companies", firm]]) {
  const select = { name: "Источник", type: "select", enums: [{ value: "сайт", sort: 1 }] };
  const field = id(await step(`${kind} fields made`, () => amo.custom_fields.addCustomFields(kind, [select])), "custom_fields");
  await step(`${kind} fields changed`, () => amo.custom_fields.updateCustomFields(kind, [{ id: field, sort: 5 }]));
  await step(`${kind} field changed`, () => amo.custom_fields.updateCustomFieldById(field, kind, { name: "Откуда" }));
  await step(`${kind} fields`, () => amo.custom_fields.getCustomFields(kind, undefined, { limit: 1, page: 1 }));
  await step(`${kind} field`, () => amo.custom_fields.getCustomFieldById(field, kind));
  await step(`${kind} field deleted`, () => amo.custom_fields.deleteCustomFieldById(field, kind));
  await step(`${kind} groups`, () => amo.custom_fields.getCustomFieldsGroups(kind));
  await step(`${kind} group`, () => amo.custom_fields.getCustomFieldsByGroupId("default", kind));
  await step(`no ${kind} tags`, () => amo.tag.getTags(kind, { filter: (f) => f.single("name", "опт") }));
  await step(`${kind} tags made`, () => amo.tag.addTags(kind, [{ name: "опт", request_id: "g" }]));
  await step(`${kind} tags`, () => amo.tag.getTags(kind, { query: "опт" }));
  await step(`${kind} tags by name`, () => amo.tag.getTags(kind, { filter: (f) => f.single("name", "опт") }));
  await step(`${kind} tags added`, () => amo.tag.addTagsToEntities(kind, [{ id: card, _embedded: { tags: [{ name: "опт" }] } }]));
  await step(`${kind} tag added`, () => amo.tag.addTagsToEntitiesById(card, kind, { _embedded: { tags: [{ name: "срочно" }] } }));
  await step(`${kind} tags deleted`, () => amo.tag.deleteTagsFromEntities(kind, [{ id: card, _embedded: { tags: null } }]));
}
await step("no field", () => amo.custom_fields.getCustomFieldById(1, "companies"));
await step("group made", () => amo.custom_fields.addCustomFieldsGroups("leads", [{ name: "IDENT", sort: 5 }]));
const stage = { name: "Запись", sort: 20, color: "#fffeb2" };
const pipeline = id(await step("pipelines made", () => amo.pipeline.addPipelines([{ name: "Клиника", sort: 2, is_main: false, is_unsorted_on: false, _embedded: { statuses: [stage] } }])), "pipelines");
const visit = id(await step("statuses made", () => amo.pipeline.addStatuses(pipeline, [{ ...stage, name: "Визит", sort: 30 }])), "statuses");
await step("pipelines", () => amo.pipeline.getPipelines());
await step("pipeline", () => amo.pipeline.getPipelineById(pipeline));
await step("statuses", () => amo.pipeline.getStatusesByPipelineId(pipeline));
await step("status", () => amo.pipeline.getStatusesById(142, pipeline));
await step("pipeline changed", () => amo.pipeline.updatePipelinesById(pipeline, { name: "Клиника на Лесной", sort: 3 }));
await step("status changed", () => amo.pipeline.updateStatusById(visit, pipeline, { name: "Приём", color: "#fff000" }));
await step("status deleted", () => amo.pipeline.deleteStatusById(visit, pipeline));
await step("pipeline deleted", () => amo.pipeline.deletePipelineById(pipeline));
await step("users", () => amo.user.getUsers({ limit: 2 }));
await step("user", () => amo.user.getUserById(given.user));
await step("events", () => amo.event.getEvents({ limit: 2, filter: (f) => f.single("entity", "lead").multi("type", ["lead_added"]).range("created_at", 1, given.business) }));
const event = (await step("all events", () => amo.event.getEvents({ limit: 1 })))._embedded.events[0];
await step("event", () => amo.event.getEventById(event.id));
await step("event types", () => amo.event.getEventsTypes());
const extras = ["amojo_id", "amojo_rights", "users_groups", "task_types", "version", "datetime_settings", "drive_url", "is_api_filter_enabled"];
await step("account", () => amo.account.getAccount({ with: extras }));

// Sources and lists.
await step("no sources", () => amo.source.getSources());
const sources = (await step("sources made", () =>
  amo.source.addSources([{ name: "Сайт", external_id: "site", default: true, services: [] }, { name: "Чат", external_id: "chat", pipeline_id: given.pipeline }])))._embedded.sources.map((source) => source.id);
await step("sources changed", () => amo.source.updateSources([{ id: sources[0], name: "Сайт клиники" }]));
await step("source changed", () => amo.source.updateSourceById(sources[1], { default: true }));
await step("sources", () => amo.source.getSources({ filter: (f) => f.multi("external_id", ["site", "chat"]) }));
await step("source", () => amo.source.getSourceById(sources[0]));
await step("lead of a source", async () => {
  const [lead] = (await amo.lead.addLeads([{ name: "С сайта", _embedded: { source: { external_id: "site", type: "widget" } } }]))._embedded.leads;
  return amo.lead.getLeadById(lead.id, { with: ["source", "source_id"] });
});
await step("no such source", () => amo.source.deleteSources([{ id: 1 }]));
await step("source deleted", () => amo.source.deleteSourceById(sources[0]));
await step("sources deleted", () => amo.source.deleteSources([{ id: sources[1] }]));
const list = id(await step("catalogs made", () => amo.catalog.addCatalogs([{ name: "Товары", type: "products", sort: 10, can_add_elements: true, can_link_multiple: true }])), "catalogs");
await step("catalogs changed", () => amo.catalog.updateCatalogs([{ id: list, name: "Услуги" }]));
await step("catalog changed", () => amo.catalog.updateCatalogById(list, { can_add_elements: false }));
await step("catalogs", () => amo.catalog.getCatalogs({ limit: 1 }));
await step("catalog", () => amo.catalog.getCatalogById(list));
await step("no elements", () => amo.catalog.getCatalogElementsByCatalogId(list));
await step("element made", () => amo.catalog.addCatalogElements(list, [{ name: "Пломба" }]));
const element = id(await step("element made by hand", () => amo.raw.post({ url: `/api/v4/catalogs/${list}/elements`, payload: [{ name: "Пломба" }] })), "elements");
await step("elements changed", () => amo.catalog.updateCatalogElements(list, [{ id: element, name: "Коронка" }]));
await step("element changed", () => amo.catalog.updateCatalogElementById(element, list, { name: "Мост" }));
await step("elements", () => amo.catalog.getCatalogElementsByCatalogId(list, { limit: 1, filter: (f) => f.multi("id", [element]) }));
await step("element", () => amo.catalog.getCatalogElementById(element, list));

// What nobody has taken yet.
const came = { pipeline_id: given.pipeline, _embedded: { leads: [{ name: "Заявка" }], contacts: [{ name: "Без имени" }] } };
const form = { form_id: "1", form_name: "Запись", form_page: "https://site.example.ru", form_sent_at: given.business, ip: "127.0.0.1", referer: "" };
const call = { from: "сайт", phone: "+79990000102", called_at: given.business, duration: 30, link: "https://calls.example.ru/1", service_code: "sip", uniq: "call-1" };
await step("nothing waits", () => amo.unsorted.getUnsorted());
const forms = (await step("forms brought", () =>
  amo.unsorted.addUnsortedForm(["form-1", "form-2"].map((source_uid) => ({ ...came, source_name: "Сайт", source_uid, metadata: form })))))._embedded.unsorted.map((one) => one.uid);
await step("call brought", () => amo.unsorted.addUnsortedSip([{ ...came, source_name: "Номер", source_uid: "call-1", metadata: call }]));
await step("waiting", () => amo.unsorted.getUnsorted({ limit: 10, filter: (f) => f.multi("category", ["forms", "sip"]) }));
await step("one waiting", () => amo.unsorted.getUnsortedByUid(forms[0]));
await step("accepted", () => amo.unsorted.acceptUnsortedByUid(forms[0], { user_id: given.user, status_id: given.stage }));
await step("declined", () => amo.unsorted.declineUnsortedByUid(forms[1], { user_id: given.user }));
await step("summary", () => amo.unsorted.getUnsortedSummary());

// Webhooks.
const destination = "https://hub.example.ru/hooks/secret";
await step("no webhooks", () => amo.webhook.getWebhooks());
await step("webhook made", () => amo.webhook.addWebhook({ destination, settings: ["restore_lead"], sort: 10 }));
await step("webhook changed", () => amo.webhook.addWebhook({ destination, settings: ["restore_lead", "restore_contact"], sort: 3 }));
await step("webhooks", () => amo.webhook.getWebhooks({ filter: (f) => f.single("destination", destination) }));
await step("webhook deleted", () => amo.webhook.deleteWebhook({ destination }));
await step("no such webhook", () => amo.webhook.deleteWebhook({ destination }));

// Refusals.
await step("400", () => amo.lead.addLeads([{ name: "x" }, { price: "12" }, { status_id: 1, request_id: "third" }]));
await step("404", () => amo.user.getUserById(1));
for (const kind of ["429", "429_json", "429_empty", "402", "403_html", "500", "504"]) {
  await next("GET /api/v4/account", kind);
  await step(kind, () => amo.account.getAccount());
}
