// What a game does with the types that openapi-typescript makes of openapi.yaml. `.ci/clients`
// checks it: a type that says less than the document does not compile here.
import type { components, operations } from "./openapi.js";

type Schemas = components["schemas"];
type Check = operations["checkEntitlements"]["responses"][200]["content"]["application/json"];
type NotStarted =
  operations["createLinkSession"]["responses"][400 | 429 | 503]["content"]["application/problem+json"];

export function toGrant(check: Check): Schemas["EntitlementId"][] {
  const pending = check.entitlements.filter((it) => it.status === "pending");
  return pending.map((it) => it.entitlement_id);
}

export function confirmation(check: Check): Schemas["FulfillmentsRequest"] {
  return { entitlement_ids: toGrant(check) };
}

export function heldBecause(entitlement: Schemas["Entitlement"]): NonNullable<Schemas["Reason"]> | undefined {
  return entitlement.reason ?? undefined;
}

// Every problem is told by its code, and the compiler knows them all.
export function sentence(problem: NotStarted): string {
  switch (problem.code) {
    case "invalid_request":
    case "invalid_return_to":
      return `${problem.detail} (${problem.status satisfies 400})`;
    case "too_many_attempts":
      return `later (${problem.status satisfies 429})`;
    case "unavailable":
    case "amazon_unavailable":
      return `soon (${problem.status satisfies 503})`;
    default:
      return problem satisfies never;
  }
}
