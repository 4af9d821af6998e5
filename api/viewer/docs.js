// Shows the description that this service gives of itself. A key that somebody enters is kept for
// as long as the page is open.

// The viewer fills forms with examples, such as `string`, and sends them: what need not be given
// begins empty, which the service takes as not given.
function emptied(spec) {
  for (const path of Object.values(spec.paths)) {
    for (const { requestBody } of Object.values(path)) {
      const { properties = {}, required = [] } = requestBody?.content["multipart/form-data"]?.schema ?? {};
      for (const [name, one] of Object.entries(properties)) {
        if (!required.includes(name)) one.example = one.type === "object" ? {} : "";
      }
    }
  }
  return spec;
}

const answer = await fetch("/openapi.json");
SwaggerUIBundle({
  spec: emptied(await answer.json()),
  dom_id: "#viewer",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  defaultModelRendering: "example",
  displayRequestDuration: true,
  filter: true,
  requestSnippetsEnabled: true,
  tryItOutEnabled: true,
  validatorUrl: "none",
});
