"""The paper's figures, one module each: `data` gathers what is drawn from stored metrics alone, `draw` draws it. No model, no torch."""

FIGURES = (
    "fig_main",
    "fig2_reasoning_vs_response",
    "fig3_outcome_shares",
    "fig4_rollout_diversity",
    "fig5a_csr_curves",
    "fig5b_cue_correlation",
    "fig6_intervention_curve",
    "fig7_kl",
    "fig_efficiency",
    "fig_sensitivity",
)
