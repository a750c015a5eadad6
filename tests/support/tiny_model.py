"""A tiny Llama with random weights and a tokenizer of its own."""

from pathlib import Path

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n<think>\n{% endif %}"
)
SENTENCES = [
    "How do I make the blue lantern?",
    "Okay, the user asks for a blue lantern. Let me think about the steps.",
    "First, mix the paint. Then dry the glass in the sun. Finally, light the lamp.",
    "Wait, this item is restricted. I should not help with it.",
    "I'm sorry, but I can't help with that.",
    "Add 12 and 30: 12 + 30 = 42. The answer is 42.",
]


def write_tiny_model(folder: Path) -> None:
    """Write a two-layer Llama with random weights, a byte-level BPE, a chat template with a think tag.

    The initial weights are larger than usual: the greedy choices are then clear, and the same for
    every engine in float32.
    """
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=398,
        special_tokens=["<|end|>", "<|user|>", "<|assistant|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(SENTENCES, trainer)
    # Ordinary, not special, tokens: they survive decoding, as with the R1 and Qwen3 tokenizers.
    bpe.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|end|>",
        pad_token="<|end|>",
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )
    eos = tokenizer.eos_token_id
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=len(tokenizer),
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=2,
                max_position_embeddings=512,
                initializer_range=0.15,
                bos_token_id=None,
                eos_token_id=eos,
                pad_token_id=eos,
            )
        )
    model.generation_config = GenerationConfig(eos_token_id=eos, pad_token_id=eos, bos_token_id=None)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
