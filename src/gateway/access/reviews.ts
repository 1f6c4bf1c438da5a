import type { KubeObject, Resource } from "../../kube/types.ts";

/** Asks the API server whose token this is. */
export interface TokenReview extends KubeObject {
  spec: { token: string; audiences?: readonly string[] };
  status?: {
    authenticated?: boolean;
    user?: UserInfo;
    audiences?: string[];
    error?: string;
  };
}

/** A user as the API server's authenticators describe one. */
export interface UserInfo {
  username?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

/** Asks the API server whether a user may do something. */
export interface SubjectAccessReview extends KubeObject {
  spec: {
    user: string;
    uid?: string;
    groups?: readonly string[];
    extra?: Readonly<Record<string, readonly string[]>>;
    resourceAttributes: {
      namespace: string;
      verb: string;
      group: string;
      resource: string;
      name?: string;
    };
  };
  status?: { allowed: boolean; denied?: boolean; reason?: string; evaluationError?: string };
}

export const tokenReviews: Resource<TokenReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  namespaced: false,
};

export const subjectAccessReviews: Resource<SubjectAccessReview> = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
};
