-- What a FlinkJob's status means to ArgoCD. No library is needed: ArgoCD runs scripts without most of them.
local status = obj.status or {}
local trigger = status.trigger or {}

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
local message = ready.message or trigger.message or trigger.reason or ""

local function health(word, text)
  return { status = word, message = text or message }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "Being deleted")
end
-- Also true before the operator has ever seen the object: the CRD's default is -1.
if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The operator has not looked at this version of the spec yet")
end
if condition("Stalled").status == "True" then
  return health("Degraded", condition("Stalled").message)
end
if trigger.state == "failed" then
  return health("Degraded")
end
-- Ready is true as well: the job is as the spec asks.
if obj.spec.state == "suspended" and (trigger.state == nil or trigger.state == "canceled") then
  return health("Suspended")
end
if ready.status == "True" or trigger.state == "finished" then
  return health("Healthy")
end
return health("Progressing")
