-- A new trigger ID asks for a new run. Made of the generation, it is new after every change and the same for a double click.
if obj.spec.trigger == nil then
  obj.spec.trigger = {}
end
obj.spec.trigger.id = "argocd-" .. obj.metadata.generation
return obj
