// Uploads with openapi-fetch over the types that openapi-typescript made: URL, picture, its text.
import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";
import createClient from "openapi-fetch";
import type { components, paths } from "./made.js";

type Job = components["schemas"]["Job"];

const [url, picture, expected] = argv.slice(2) as [string, string, string];
const api = createClient<paths>({ baseUrl: url });

function check(holds: unknown, what: unknown): asserts holds {
  if (!holds) {
    console.error(what);
    exit(1);
  }
}

async function finished(started: Job): Promise<Job> {
  let job = started;
  while (job.finished_at === null) {
    const path = { job_id: job.id };
    const { data, error } = await api.GET("/v1/jobs/{job_id}", {
      params: { path, query: { wait: 5 } },
    });
    check(data, error);
    job = data;
  }
  check(job.status === "succeeded", job);
  return job;
}

const bytes = new Blob([readFileSync(picture)]);
const sent = await api.POST("/v1/jobs", {
  params: { header: { "Idempotency-Key": "one" } },
  // The generated type of a file is `string`: what is sent is made by the serializer.
  body: { file: picture, pages: "1", metadata: { order: 7 } },
  bodySerializer: (body) => {
    const form = new FormData();
    form.append("file", bytes, "ảnh.png");
    form.append("pages", (body as { pages: string }).pages);
    form.append("metadata", JSON.stringify((body as { metadata: unknown }).metadata));
    return form;
  },
});
check(sent.data, sent.error);
const job = await finished(sent.data);
check(job.document.name === "ảnh.png" && job.metadata["order"] === 7, job);

const path = { job_id: job.id };
const result = await api.GET("/v1/jobs/{job_id}/result", { params: { path } });
check(result.data, result.error);
const line: string = result.data.pages[0]!.lines.map((one) => one.text).join(" ");
check(line.includes(expected), line);

for (const format of ["text", "markdown", "hocr", "alto"] as const) {
  const found = await api.GET("/v1/jobs/{job_id}/result/{format}", {
    params: { path: { ...path, format } },
    parseAs: "text",
  });
  check(found.data?.includes(expected.split(" ")[0]!), [format, found.data, found.error]);
}
const pdf = await api.GET("/v1/jobs/{job_id}/result/pdf", {
  params: { path },
  parseAs: "arrayBuffer",
});
check(pdf.data && Buffer.from(pdf.data).subarray(0, 5).toString() === "%PDF-", pdf.error);

const json = await api.POST("/v1/jobs", {
  body: { data: readFileSync(picture).toString("base64"), priority: "bulk" },
});
check(json.data, json.error);
await finished(json.data);

const gone = await api.DELETE("/v1/jobs/{job_id}", { params: { path } });
check(gone.response.status === 204, gone.error);
const refused = await api.GET("/v1/jobs/{job_id}", { params: { path } });
check(refused.error?.code === "job_gone", refused);
console.log("done");
