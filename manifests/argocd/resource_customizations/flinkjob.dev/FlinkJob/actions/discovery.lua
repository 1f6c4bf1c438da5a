-- A run whose outcome is not known yet must be settled first; an object that is going away runs nothing.
local trigger = (obj.status or {}).trigger or {}
local actions = {}
actions["restart"] = {
  ["disabled"] = trigger.state == nil or trigger.state == "pending" or obj.metadata.deletionTimestamp ~= nil,
}
return actions
