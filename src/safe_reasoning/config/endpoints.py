"""Models behind an OpenAI-compatible address, and what may be spent on them."""

from __future__ import annotations

from pydantic import Field, model_validator

from safe_reasoning.config.section import Section

# Keys that an endpoint's replies depend on: a higher budget or a longer time-out changes none
ANSWERS = ("base_url", "model", "temperature", "max_tokens")


class Budget(Section):
    """The most that one run may spend at one endpoint, over all its jobs and however often it is
    started. No request goes out that could pass it.
    """

    requests: int | None = Field(None, ge=1, description="requests that were answered, or may have been")
    tokens: int | None = Field(
        None, ge=1, description="tokens of prompts and replies together, as the endpoint counts them"
    )
    usd: float | None = Field(None, gt=0, description="by price_in and price_out")

    @model_validator(mode="after")
    def _complete(self) -> Budget:
        if self.requests is None and self.tokens is None and self.usd is None:
            raise ValueError("an empty budget caps nothing: give requests, tokens or usd")
        return self


class Endpoint(Section):
    """A model behind an OpenAI-compatible address.

    The key itself is never in a configuration: only the name of the variable that holds it.
    """

    base_url: str | None = Field(None, description="address of the API; OpenAI's own by default")
    model: str = Field(description="name of the model at that address")
    key_variable: str = Field(
        "OPENAI_API_KEY", pattern=r"^[A-Z][A-Z0-9_]*$", description="environment variable that holds the key"
    )
    concurrency: int = Field(16, ge=1, description="requests under way at once")
    temperature: float = Field(0.0, ge=0, description="of the replies")
    max_tokens: int = Field(16, ge=1, description="tokens of a reply, at most")
    timeout_seconds: float = Field(
        60, gt=0, description="silence of the server after which a request is given up"
    )
    retries: int = Field(
        6,
        ge=0,
        description="of a request that failed for a passing reason (429, 5xx, time-out, lost connection)",
    )
    price_in: float = Field(0, ge=0, description="USD per million tokens")
    price_out: float = Field(0, ge=0, description="USD per million tokens")
    budget: Budget | None = Field(None, description="where the run stops; none: it does not")

    @model_validator(mode="after")
    def _priced(self) -> Endpoint:
        if self.budget and self.budget.usd and not (self.price_in or self.price_out):
            raise ValueError("budget.usd needs prices: give price_in and price_out")
        return self

    def usd(self, prompt_tokens: float, completion_tokens: float) -> float:
        """What these tokens cost; 0 where no price is given."""
        return (prompt_tokens * self.price_in + completion_tokens * self.price_out) / 1e6
