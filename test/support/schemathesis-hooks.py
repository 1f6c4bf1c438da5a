"""What a generator cannot know of a JAR: that it begins as a ZIP archive does."""

import schemathesis
from hypothesis import strategies

schemathesis.openapi.format("binary", strategies.text("abc", max_size=64).map(lambda rest: "PK\x03\x04" + rest))
