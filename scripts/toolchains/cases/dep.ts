export const unit = "kg";
