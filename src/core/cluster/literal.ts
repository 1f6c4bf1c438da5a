/** An argument of a container as it is: Kubernetes puts variables in the place of $(NAME), and one $ in that of two. */
export function literal(argument: string): string {
  return argument.replaceAll("$", "$$$$");
}
