-- What a FlinkCluster's status means to ArgoCD. No library is needed.
local status = obj.status or {}

local function condition(type)
  local conditions = status.conditions or {}
  for i = 1, #conditions do
    if conditions[i].type == type then
      return conditions[i]
    end
  end
  return {}
end

local ready = condition("Ready")
if obj.metadata.deletionTimestamp ~= nil then
  -- Which FlinkJobs it waits for, or what of it is still there.
  local waits = ready.reason == "InUse" or ready.reason == "TearingDown"
  return { status = "Progressing", message = waits and ready.message or "Being deleted" }
end
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not looked at this version of the spec yet" }
end
local stalled = condition("Stalled")
if stalled.status == "True" then
  return { status = "Degraded", message = stalled.message or "" }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message or "" }
end
return { status = "Progressing", message = ready.message or "" }
